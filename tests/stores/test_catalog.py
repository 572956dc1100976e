from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis.strategies import integers, lists, sampled_from, tuples
from moto import mock_aws

from shared.domain.asset import Asset, Nearest
from shared.domain.likeness import with_nearest
from shared.domain.stage import Stage
from shared.domain.statistics import read_statistics, statistics_change
from shared.domain.task import StageStatus, TaskError
from shared.errors import NotFound
from shared.stores.catalog import CatalogStore, NeighbourGone
from tests.cloud import build
from tests.stores.jobs import JOB, LATER, NOW, STRANGER, new_asset, new_renditions, nonzero, rows
from tests.world import PROJECT, TENANT, World

MISSING = new_asset("1" * 64).asset_id
DIED = TaskError("worker_died", "The worker died.")
CREATOR = new_asset().creator
SCORE = {
    "sharpness": 0.25,
    "overall_quality": 0.4,
    "issues": ["blur", "low_contrast"],
    "suitability": {"score": 61.5, "category": "medium"},
    "scorer_version": 1,
    "computed_at": "2026-01-02T03:04:05.000000+00:00",
    "raw": {"detail": 12.5},
}
NEWER = SCORE | {
    "scorer_version": 900,
    "sharpness": 0.5,
    "issues": ["blur"],
    "suitability": {"score": 90, "category": "high"},
}


def test_asset_comes_back_as_it_was_made(world: World) -> None:
    made = world.catalog.create(new_asset())

    assert world.catalog.read(made.asset_id, TENANT) == made


def test_same_asset_made_twice_is_made_and_counted_once(world: World) -> None:
    world.catalog.create(new_asset())

    again = world.catalog.create(new_asset())

    assert again == new_asset()
    assert world.usage() == {"asset_count": 1, "asset_bytes": 1000}


def test_second_creator_gets_the_first_ones_asset(world: World) -> None:
    first = world.catalog.create(new_asset())

    standing = world.catalog.create(new_asset(creator="job_b.t00001", filename="copy.jpg"))

    assert standing == first
    assert world.catalog.find(first.asset_id) == first


def test_usage_of_many_assets_adds_up_over_its_shards(world: World) -> None:
    for n in range(40):
        world.catalog.create(new_asset(f"{n:064d}", bytes=n))

    assert world.usage() == {"asset_count": 40, "asset_bytes": sum(range(40))}


def test_another_tenants_asset_is_not_found(world: World) -> None:
    asset = world.catalog.create(new_asset())

    with pytest.raises(NotFound):
        world.catalog.read(asset.asset_id, STRANGER)


def test_missing_asset_is_not_found(world: World) -> None:
    assert world.catalog.find(MISSING) is None
    with pytest.raises(NotFound):
        world.catalog.read(MISSING, TENANT)


def test_existing_assets_are_told_from_missing_ones_in_any_number(world: World) -> None:
    made = {world.catalog.create(new_asset(f"{n:064d}")).asset_id for n in range(3)}
    missing = [new_asset(f"{n:064d}").asset_id for n in range(1000, 1250)]

    assert set(world.catalog.find_all([*made, *missing, *made])) == made
    assert world.catalog.known([*made, *missing, *made]) == set(made)
    assert world.catalog.find_all([]) == {}


def test_existing_assets_come_whole(world: World) -> None:
    asset = world.catalog.create(new_asset())

    assert world.catalog.find_all([asset.asset_id]) == {asset.asset_id: asset}


def test_saved_renditions_are_on_the_asset_and_their_bytes_counted(world: World) -> None:
    asset = world.catalog.create(new_asset())

    world.catalog.save_renditions(
        asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=10, card=20), 1, NOW
    )

    saved = world.catalog.read(asset.asset_id, TENANT)
    assert list(saved.renditions.values()) == new_renditions(thumb=10, card=20)
    assert saved.stages[Stage.THUMBNAILS] is StageStatus.COMPLETED
    assert saved.attempts == {Stage.THUMBNAILS: 1}
    assert world.usage() == {"asset_count": 1, "asset_bytes": 1000, "rendition_count": 2, "rendition_bytes": 30}


def test_renditions_saved_twice_are_counted_once(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=10), 1, NOW)
    before = world.catalog.read(asset.asset_id, TENANT)

    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=11), 2, NOW)

    assert world.catalog.read(asset.asset_id, TENANT) == before
    assert world.usage()["rendition_bytes"] == 10


def test_stages_of_renditions_are_saved_side_by_side(world: World) -> None:
    asset = world.catalog.create(new_asset())

    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.VARIANTS, new_renditions(zoom=30), 1, NOW)
    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=10), 1, NOW)

    assert set(world.catalog.read(asset.asset_id, TENANT).renditions) == {"thumb", "zoom"}
    assert world.usage()["rendition_count"] == 2


def test_stage_that_failed_can_be_completed_by_a_later_attempt(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.fail_stage(asset.asset_id, Stage.THUMBNAILS, 4, DIED, NOW)

    failed = world.catalog.read(asset.asset_id, TENANT)
    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=10), 5, NOW)

    completed = world.catalog.read(asset.asset_id, TENANT)
    assert [found.stages[Stage.THUMBNAILS] for found in (failed, completed)] == ["failed", "completed"]
    assert [dict(found.errors) for found in (failed, completed)] == [{Stage.THUMBNAILS: DIED}, {}]


def test_completed_stage_is_not_failed_by_a_late_verdict(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=10), 1, NOW)
    before = world.catalog.read(asset.asset_id, TENANT)

    world.catalog.fail_stage(asset.asset_id, Stage.THUMBNAILS, 4, DIED, NOW)

    assert world.catalog.read(asset.asset_id, TENANT) == before


def test_score_is_kept_value_by_value(world: World) -> None:
    asset = world.catalog.create(new_asset())

    is_saved = world.catalog.save_score(asset.asset_id, asset.creator, SCORE, 3, NOW)

    scored = world.catalog.read(asset.asset_id, TENANT)
    assert scored.quality == SCORE
    assert scored.stages[Stage.QUALITY] is StageStatus.COMPLETED
    assert scored.attempts == {Stage.QUALITY: 3}
    assert is_saved is not None


def test_new_score_takes_the_place_of_the_old(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_score(asset.asset_id, asset.creator, SCORE, 1, NOW)

    world.catalog.save_score(asset.asset_id, asset.creator, NEWER, 1, NOW)

    assert world.catalog.read(asset.asset_id, TENANT).quality == NEWER


def test_asset_is_to_be_scored_until_it_has_a_score_of_the_version(world: World) -> None:
    old, new = world.catalog.create(new_asset("2" * 64)), world.catalog.create(new_asset("3" * 64))
    never = world.catalog.create(new_asset("4" * 64))
    world.catalog.save_score(old.asset_id, old.creator, SCORE, 1, NOW)
    world.catalog.save_score(new.asset_id, new.creator, NEWER, 1, NOW)

    below_two = world.catalog.to_score(TENANT, PROJECT, 2, None, 10)
    all_of_them = world.catalog.to_score(TENANT, PROJECT, None, None, 10)

    assert [entry.asset_id for entry in below_two.entries] == [never.asset_id, old.asset_id]
    assert {entry.asset_id for entry in all_of_them.entries} == {old.asset_id, new.asset_id, never.asset_id}
    assert [world.catalog.statistics(TENANT, PROJECT).to_score(below) for below in (1, 2, 901, None)] == [1, 2, 3, 3]


def test_assets_to_score_come_page_by_page_each_once(world: World) -> None:
    made = {world.catalog.create(new_asset(f"{n:064d}")).asset_id for n in range(5)}

    first = world.catalog.to_score(TENANT, PROJECT, None, None, 3)
    second = world.catalog.to_score(TENANT, PROJECT, None, first.next_cursor, 3)

    found = [entry.asset_id for entry in (*first.entries, *second.entries)]
    assert (len(found), set(found), second.next_cursor) == (5, made, None)


def test_assets_of_another_project_or_tenant_are_not_to_be_scored(world: World) -> None:
    world.catalog.create(new_asset())

    assert world.catalog.to_score(TENANT, "other", None, None, 10).entries == []
    assert world.catalog.to_score(STRANGER, PROJECT, None, None, 10).entries == []


def test_late_verdict_leaves_the_older_scores_standing(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_score(asset.asset_id, asset.creator, SCORE, 1, NOW)

    world.catalog.fail_stage(asset.asset_id, Stage.QUALITY, 4, DIED, NOW)

    assert world.catalog.read(asset.asset_id, TENANT).stages[Stage.QUALITY] is StageStatus.COMPLETED


def test_failed_stages_are_reopened_and_completed_ones_are_not(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=10), 1, NOW)
    world.catalog.fail_stage(asset.asset_id, Stage.VARIANTS, 4, DIED, NOW)

    world.catalog.reopen_stages(asset.asset_id, (Stage.THUMBNAILS, Stage.VARIANTS), NOW)

    stages = world.catalog.read(asset.asset_id, TENANT).stages
    assert (stages[Stage.THUMBNAILS], stages[Stage.VARIANTS]) == (StageStatus.COMPLETED, StageStatus.PENDING)


def test_nothing_is_saved_on_an_asset_that_is_gone(world: World) -> None:
    world.catalog.save_renditions(MISSING, CREATOR, Stage.THUMBNAILS, new_renditions(thumb=10), 1, NOW)
    is_saved = world.catalog.save_score(MISSING, CREATOR, SCORE, 1, NOW)
    world.catalog.fail_stage(MISSING, Stage.QUALITY, 1, DIED, NOW)
    world.catalog.reopen_stages(MISSING, (Stage.QUALITY,), NOW)

    assert is_saved is None
    assert rows(world.cloud, world.cloud.catalog_table) == []


def test_asset_without_exif_has_none(world: World) -> None:
    made = world.catalog.create(replace(new_asset(), exif={}))

    assert world.catalog.read(made.asset_id, TENANT).exif == {}


def test_deleted_asset_is_gone_and_its_bytes_await_purge(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=10), 1, NOW)

    world.catalog.delete(asset.asset_id, TENANT, LATER)

    assert world.catalog.find(asset.asset_id) is None
    assert nonzero(world.usage()) == {"awaiting_purge_bytes": 1010}
    assert world.catalog.statistics(TENANT, PROJECT) == read_statistics({})


def test_deleted_asset_does_not_come_back_by_its_own_news(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.delete(asset.asset_id, TENANT, LATER)

    world.catalog.create(new_asset())

    assert world.catalog.find(asset.asset_id) is None


def test_same_content_uploaded_after_a_delete_is_a_new_asset(world: World) -> None:
    world.catalog.delete(world.catalog.create(new_asset()).asset_id, TENANT, LATER)

    again = world.catalog.create(new_asset(creator="job_b.t00001"))

    assert world.catalog.find(again.asset_id) == again


def test_work_for_a_deleted_asset_leaves_its_successor_alone(world: World) -> None:
    old = world.catalog.create(new_asset())
    world.catalog.delete(old.asset_id, TENANT, LATER)
    again = world.catalog.create(new_asset(creator="job_b.t00001"))

    is_saved = world.catalog.save_renditions(
        old.asset_id, old.creator, Stage.THUMBNAILS, new_renditions(thumb=10), 1, NOW
    )

    assert not is_saved
    assert world.catalog.find(again.asset_id) == again


def test_replaced_rendition_awaits_purge(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, new_renditions(thumb=10), 1, NOW)
    newer = [replace(new_renditions(thumb=15)[0], key="renditions/newer.jpg")]

    world.catalog.save_renditions(asset.asset_id, asset.creator, Stage.THUMBNAILS, newer, 1, NOW)

    assert world.catalog.read(asset.asset_id, TENANT).renditions["thumb"].bytes == 15
    usage = nonzero(world.usage())
    assert (usage["rendition_count"], usage["rendition_bytes"], usage["awaiting_purge_bytes"]) == (1, 15, 10)


def test_nearest_must_exist(world: World) -> None:
    first, second = world.catalog.create(new_asset("2" * 64)), world.catalog.create(new_asset("3" * 64))
    nearest = Nearest(first.asset_id, first.created_at, 3)
    world.catalog.delete(first.asset_id, TENANT, LATER)

    with pytest.raises(NeighbourGone):
        world.catalog.change(second.asset_id, lambda asset: with_nearest(asset, nearest), NOW)


def test_image_knows_whose_nearest_it_is(world: World) -> None:
    first, second, third = (world.catalog.create(new_asset(f"{n}" * 64)) for n in "234")
    for asset in (second, third):
        nearest = Nearest(first.asset_id, first.created_at, 3)
        world.catalog.change(asset.asset_id, partial(with_nearest, nearest=nearest), NOW)

    world.catalog.change(third.asset_id, lambda asset: with_nearest(asset, None), NOW)
    world.catalog.unfollow(Nearest(first.asset_id, first.created_at, 3), third.asset_id)

    assert list(world.catalog.followers(first.asset_id, first.created_at)) == [(second.asset_id, 3)]


def test_nearest_followers_come_first(world: World) -> None:
    first = world.catalog.create(new_asset("f" * 64))
    followers = {distance: world.catalog.create(new_asset(f"{distance:064d}")) for distance in (9, 15, 0, 10, 2)}
    for distance, asset in followers.items():
        nearest = Nearest(first.asset_id, first.created_at, distance)
        world.catalog.change(asset.asset_id, partial(with_nearest, nearest=nearest), NOW)

    found = list(world.catalog.followers(first.asset_id, first.created_at))

    assert found == [(followers[distance].asset_id, distance) for distance in (0, 2, 9, 10, 15)]


@given(
    steps=lists(
        tuples(integers(0, 2), sampled_from(["create", "delete", "score", "rescore", "thumbs", "newer", "fail"])),
        max_size=25,
    )
)
@settings(max_examples=20, deadline=None)
def test_counters_equal_a_recount_after_any_history(steps: list[tuple[int, str]]) -> None:
    with mock_aws():
        world = World(build())
        for n, (which, what) in enumerate(steps):
            happen(world, new_asset(f"{which}" * 64, creator=f"{JOB}.t{n:05d}"), what)

        assets = world.all_assets()
        recount: Counter[str] = Counter()
        for asset in assets:
            recount.update(statistics_change(None, asset))
        assert world.catalog.statistics(TENANT, PROJECT) == read_statistics(recount)
        usage = nonzero(world.usage())
        assert usage.get("asset_count", 0) == len(assets)
        assert usage.get("rendition_bytes", 0) == sum(
            rendition.bytes for asset in assets for rendition in asset.renditions.values()
        )
        labels = {
            (row["pk"], row["sk"]) for row in rows(world.cloud, "CatalogTable") if str(row["sk"]).startswith("LABEL#")
        }
        assert labels == {
            (f"ASSET#{asset.asset_id}", f"LABEL#issue/{issue}")
            for asset in assets
            for issue in (asset.quality or {"issues": ()})["issues"]
        }


def happen(world: World, asset: Asset, what: str) -> None:
    standing = world.catalog.find(asset.asset_id)
    if what == "create":
        world.catalog.create(asset)
    elif standing is not None:
        HISTORY[what](world.catalog, standing)


def _save(stage: Stage, prefix: str) -> Callable[[CatalogStore, Asset], object]:
    made = [replace(rendition, key=f"{prefix}{rendition.preset}") for rendition in new_renditions(thumb=10, card=20)]
    return lambda catalog, asset: catalog.save_renditions(asset.asset_id, asset.creator, stage, made, 1, NOW)


HISTORY: dict[str, Callable[[CatalogStore, Asset], object]] = {
    "delete": lambda catalog, asset: catalog.delete(asset.asset_id, TENANT, LATER),
    "score": lambda catalog, asset: catalog.save_score(asset.asset_id, asset.creator, SCORE, 1, NOW),
    "rescore": lambda catalog, asset: catalog.save_score(asset.asset_id, asset.creator, NEWER, 1, NOW),
    "thumbs": _save(Stage.THUMBNAILS, "old/"),
    "newer": _save(Stage.THUMBNAILS, "new/"),
    "fail": lambda catalog, asset: catalog.fail_stage(asset.asset_id, Stage.VARIANTS, 4, DIED, NOW),
}
