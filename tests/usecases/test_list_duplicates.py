from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from botocore.model import OperationModel
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from shared.domain.asset import Nearest
from shared.domain.duplicates import MAX_MEMBERS, merit
from shared.domain.likeness import with_nearest
from shared.errors import InvalidCursor
from shared.schemas import DuplicateGroup
from shared.stores.dynamo import batch_put, dynamodb
from shared.stores.listings import ListingStore
from shared.stores.rows import asset_row, label_rows, nearest_key
from shared.usecases.list_assets import Listing
from shared.usecases.list_duplicates import list_duplicates
from tests.cloud import build
from tests.likeness import Project, likes, quality_of
from tests.stores.jobs import STRANGER, new_asset
from tests.world import PROJECT, START, TENANT, World

FLAGGED_BELOW = 10


def listing(world: World) -> Listing:
    return Listing(ListingStore(world.cloud.catalog_table), world.catalog, world.renditions, 60)


def all_groups(world: World, tenant: str = TENANT) -> list[DuplicateGroup]:
    groups: list[DuplicateGroup] = []
    cursor = None
    while True:
        page = list_duplicates(tenant, PROJECT, cursor, listing(world))
        groups += page.groups
        cursor = page.next_cursor
        if cursor is None:
            return groups


def scored(project: Project, *numbers: int) -> None:
    for n in numbers:
        project.create(n)
        project.score(n)


@given(seed=st.integers(0, 1000), order=st.permutations(range(8)), gone=st.sets(st.integers(0, 7), max_size=3))
@settings(max_examples=12, deadline=None)
def test_groups_are_those_that_hang_together(seed: int, order: list[int], gone: set[int]) -> None:
    with mock_aws():
        project = Project(World(build()), likes(seed, 8))
        scored(project, *order)
        for n in gone:
            project.delete(n)

        found = all_groups(project.world)

        assets = {asset.asset_id: asset for asset in project.world.all_assets()}
        trees = {asset_id: {asset_id} for asset_id in assets}
        for asset in assets.values():
            if asset.nearest and asset.nearest.distance < FLAGGED_BELOW:
                joined = trees[asset.asset_id] | trees[asset.nearest.asset_id]
                trees |= dict.fromkeys(joined, joined)
        expected = {frozenset(tree) for tree in trees.values() if len(tree) > 1}
        told = [frozenset(member.asset_id for member in group.members) for group in found]
        assert (len(told), set(told)) == (len(expected), expected)
        for group in found:
            assert merit(assets[group.best]) == max(merit(assets[member.asset_id]) for member in group.members)


def test_distances_are_to_the_best_image(world: World) -> None:
    project = Project(world, {0: 0b0, 1: 0b111, 2: 0b11})
    scored(project, 0, 1, 2)

    [group] = all_groups(world)

    assert group.best == project.live[0].asset_id
    assert [(member.distance, member.is_best) for member in group.members] == [(0, True), (3, False), (2, False)]
    assert group.is_whole


def test_hashes_tell_which_of_a_chain_are_near_duplicates(world: World) -> None:
    scored(Project(world, {n: (1 << 9 * n) - 1 for n in range(6)}), *range(6))

    [group] = all_groups(world)

    hashes = [int(member.perceptual_hash, 16) for member in group.members]
    assert [member.distance for member in group.members] == [0, 9, 18, 27, 36, 45]
    assert [(one ^ hashes[0]).bit_count() for one in hashes] == [0, 9, 18, 27, 36, 45]
    assert group.flagged_below == FLAGGED_BELOW


def test_of_a_group_without_end_the_nearest_are_told(world: World) -> None:
    root, *others = (
        new_asset(f"{n:064d}", created_at=START + timedelta(seconds=n), quality=quality_of(0 if n == 0 else 0b1))
        for n in range(MAX_MEMBERS + 20)
    )
    far, near = others[:60], others[60:]
    followers = [with_nearest(asset, Nearest(root.asset_id, root.created_at, 9)) for asset in far]
    followers += [with_nearest(asset, Nearest(root.asset_id, root.created_at, 1)) for asset in near]
    found = [row for asset in (root, *followers) for row in (asset_row(asset), *label_rows(asset).values())]
    found += [nearest_key(asset.nearest, asset.asset_id) for asset in followers if asset.nearest]
    for first in range(0, len(found), 25):
        batch_put(world.cloud.catalog_table, found[first : first + 25])

    [group] = list_duplicates(TENANT, PROJECT, None, listing(world)).groups

    assert (len(group.members), group.is_whole) == (MAX_MEMBERS, False)
    assert {asset.asset_id for asset in near} <= {member.asset_id for member in group.members}


def test_images_of_all_groups_are_read_together(world: World) -> None:
    apart = [0b1111111111 << 10 * n for n in range(6)]
    scored(Project(world, dict(enumerate([*apart, *(bits ^ 1 for bits in apart)]))), *range(12))
    asked: Counter[str] = Counter()

    def note(model: OperationModel, **_: object) -> None:
        asked[model.name] += 1

    dynamodb().meta.events.register("before-call.dynamodb", note)
    found = all_groups(world)
    dynamodb().meta.events.unregister("before-call.dynamodb", note)

    assert [len(group.members) for group in found] == [2] * 6
    assert asked == {"Query": 1 + 12, "BatchGetItem": 2}


def test_project_without_likenesses_has_no_groups(world: World) -> None:
    scored(Project(world, {0: 0, 1: 2**40 - 1}), 0, 1)

    assert all_groups(world) == []


def test_another_tenant_sees_no_groups(world: World) -> None:
    scored(Project(world, {0: 0, 1: 1}), 0, 1)

    assert all_groups(world, STRANGER) == []


def test_wrong_cursor_is_refused(world: World) -> None:
    with pytest.raises(InvalidCursor):
        list_duplicates(TENANT, PROJECT, "nonsense", listing(world))
