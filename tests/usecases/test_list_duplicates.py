from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from shared.domain.asset import Asset, Nearest, StoredRendition
from shared.domain.duplicates import MAX_MEMBERS, merit
from shared.domain.likeness import with_nearest
from shared.errors import InvalidCursor
from shared.schemas import DuplicateGroup
from shared.stores.dynamo import batch_put, dynamodb
from shared.stores.images import s3
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


@dataclass
class Page:
    groups: list[DuplicateGroup]
    calls: int
    bytes: int


def all_pages(world: World) -> Iterator[Page]:
    calls: list[str] = []
    dynamodb().meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))
    cursor = None
    while True:
        calls.clear()
        page = list_duplicates(TENANT, PROJECT, cursor, listing(world))
        yield Page(page.groups, len(calls), len(page.model_dump_json()))
        cursor = page.next_cursor
        if cursor is None:
            return


def images(number: int) -> list[Asset]:
    """The earliest first, which is the best."""
    return [
        new_asset(f"{n:064d}", created_at=START + timedelta(seconds=n), quality=quality_of(0)) for n in range(number)
    ]


def hung(asset: Asset, nearest: Asset, distance: int = 1) -> Asset:
    return with_nearest(asset, Nearest(nearest.asset_id, nearest.created_at, distance))


def with_thumbnail(asset: Asset) -> Asset:
    made = StoredRendition("thumb_300", f"renditions/{TENANT}/{asset.asset_id}/thumb.jpg", "jpeg", 300, 200, 9000, 85)
    return replace(asset, renditions={"thumb_300": made})


def plant(world: World, *assets: Asset) -> None:
    """Write them as they are, each with its labels and its link."""
    found = [row for asset in assets for row in (asset_row(asset), *label_rows(asset).values())]
    found += [nearest_key(asset.nearest, asset.asset_id) for asset in assets if asset.nearest]
    for first in range(0, len(found), 25):
        batch_put(world.cloud.catalog_table, found[first : first + 25])


@pytest.fixture
def temporary_credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a function has them: their token stands in every signed URL."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "IQoJb3JpZ2lu/+" * 90)
    s3.cache_clear()
    yield
    s3.cache_clear()


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
    root, *others = images(MAX_MEMBERS + 20)
    far, near = others[:60], others[60:]
    plant(world, root, *(hung(asset, root, 9) for asset in far), *(hung(asset, root, 1) for asset in near))

    [group] = list_duplicates(TENANT, PROJECT, None, listing(world)).groups

    assert (len(group.members), group.is_whole) == (MAX_MEMBERS, False)
    assert {asset.asset_id for asset in near} <= {member.asset_id for member in group.members}


def test_page_of_a_chain_without_end_is_read_in_a_bounded_number_of_calls(world: World) -> None:
    chain = images(290)
    plant(world, chain[0], *(hung(asset, nearest) for nearest, asset in pairwise(chain)))

    pages = list(all_pages(world))

    [group] = [group for page in pages for group in page.groups]
    assert [member.asset_id for member in group.members] == [asset.asset_id for asset in chain[:MAX_MEMBERS]]
    assert not group.is_whole
    first, *others = (page.calls for page in pages)
    assert first <= 2 * MAX_MEMBERS + 3
    assert max(others) <= 3


def test_page_of_a_burst_is_bounded_in_members_and_bytes(world: World, temporary_credentials: None) -> None:
    taken = [with_thumbnail(asset) for asset in images(2 * MAX_MEMBERS + 2)]
    roots, others = taken[:3], taken[3:]
    plant(world, *roots, *(hung(asset, roots[2 if n == 2 else n % 2]) for n, asset in enumerate(others)))

    first, second = islice(all_pages(world), 2)

    assert [group.best for group in first.groups] == [root.asset_id for root in roots[:2]]
    assert [group.best for group in second.groups] == [roots[2].asset_id]
    assert [len(group.members) for group in first.groups] == [MAX_MEMBERS, MAX_MEMBERS]
    assert first.bytes < 1_000_000


def test_group_whose_root_is_not_scored_yet_awaits_its_score(world: World) -> None:
    root, follower = images(2)
    plant(world, replace(root, quality=None), hung(follower, root))

    assert all_groups(world) == []


def test_those_whose_nearest_was_deleted_await_another(world: World) -> None:
    gone, *followers = images(3)
    plant(world, *(hung(asset, gone) for asset in followers))

    assert all_groups(world) == []


def test_project_without_likenesses_has_no_groups(world: World) -> None:
    scored(Project(world, {0: 0, 1: 2**40 - 1}), 0, 1)

    assert all_groups(world) == []


def test_another_tenant_sees_no_groups(world: World) -> None:
    scored(Project(world, {0: 0, 1: 1}), 0, 1)

    assert all_groups(world, STRANGER) == []


def test_wrong_cursor_is_refused(world: World) -> None:
    with pytest.raises(InvalidCursor):
        list_duplicates(TENANT, PROJECT, "nonsense", listing(world))
