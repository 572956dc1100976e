from dataclasses import replace

import pytest

from shared.domain.stage import Stage
from shared.domain.task import StageStatus
from shared.errors import NotFound
from tests.stores.jobs import STRANGER, new_asset, new_renditions, rows
from tests.world import PROJECT, TENANT, World

MISSING = new_asset("1" * 64).asset_id
SCORE = {"sharpness": 0.25, "issues": ["blurry"], "scorer_version": 1, "raw": {"laplacian": 12.5}}


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
    assert world.catalog.find_all([]) == {}


def test_existing_assets_come_whole(world: World) -> None:
    asset = world.catalog.create(new_asset())

    assert world.catalog.find_all([asset.asset_id]) == {asset.asset_id: asset}


def test_saved_renditions_are_on_the_asset_and_their_bytes_counted(world: World) -> None:
    asset = world.catalog.create(new_asset())

    world.catalog.save_renditions(TENANT, asset.asset_id, Stage.THUMBNAILS, new_renditions(thumb=10, card=20), 1)

    saved = world.catalog.read(asset.asset_id, TENANT)
    assert list(saved.renditions.values()) == new_renditions(thumb=10, card=20)
    assert saved.stages[Stage.THUMBNAILS] is StageStatus.COMPLETED
    assert saved.attempts == {Stage.THUMBNAILS: 1}
    assert world.usage() == {"asset_count": 1, "asset_bytes": 1000, "rendition_count": 2, "rendition_bytes": 30}


def test_renditions_saved_twice_are_counted_once(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_renditions(TENANT, asset.asset_id, Stage.THUMBNAILS, new_renditions(thumb=10), 1)
    before = world.catalog.read(asset.asset_id, TENANT)

    world.catalog.save_renditions(TENANT, asset.asset_id, Stage.THUMBNAILS, new_renditions(thumb=11), 2)

    assert world.catalog.read(asset.asset_id, TENANT) == before
    assert world.usage()["rendition_bytes"] == 10


def test_stages_of_renditions_are_saved_side_by_side(world: World) -> None:
    asset = world.catalog.create(new_asset())

    world.catalog.save_renditions(TENANT, asset.asset_id, Stage.VARIANTS, new_renditions(zoom=30), 1)
    world.catalog.save_renditions(TENANT, asset.asset_id, Stage.THUMBNAILS, new_renditions(thumb=10), 1)

    assert set(world.catalog.read(asset.asset_id, TENANT).renditions) == {"thumb", "zoom"}
    assert world.usage()["rendition_count"] == 2


def test_stage_that_failed_can_be_completed_by_a_later_attempt(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.fail_stage(asset.asset_id, Stage.THUMBNAILS, 4)

    world.catalog.save_renditions(TENANT, asset.asset_id, Stage.THUMBNAILS, new_renditions(thumb=10), 5)

    assert world.catalog.read(asset.asset_id, TENANT).stages[Stage.THUMBNAILS] is StageStatus.COMPLETED


def test_completed_stage_is_not_failed_by_a_late_verdict(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_renditions(TENANT, asset.asset_id, Stage.THUMBNAILS, new_renditions(thumb=10), 1)
    before = world.catalog.read(asset.asset_id, TENANT)

    world.catalog.fail_stage(asset.asset_id, Stage.THUMBNAILS, 4)

    assert world.catalog.read(asset.asset_id, TENANT) == before


def test_score_is_kept_value_by_value(world: World) -> None:
    asset = world.catalog.create(new_asset())

    is_saved = world.catalog.save_score(asset.asset_id, SCORE, version=1, attempts=3)

    scored = world.catalog.read(asset.asset_id, TENANT)
    assert scored.quality == SCORE
    assert scored.stages[Stage.QUALITY] is StageStatus.COMPLETED
    assert scored.attempts == {Stage.QUALITY: 3}
    assert is_saved


def test_new_score_takes_the_place_of_the_old(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_score(asset.asset_id, SCORE, version=1, attempts=1)

    world.catalog.save_score(asset.asset_id, SCORE | {"sharpness": 0.5}, version=2, attempts=1)

    assert world.catalog.read(asset.asset_id, TENANT).quality == SCORE | {"sharpness": 0.5}


def test_asset_is_to_be_scored_until_it_has_a_score_of_the_version(world: World) -> None:
    old, new = world.catalog.create(new_asset("2" * 64)), world.catalog.create(new_asset("3" * 64))
    never = world.catalog.create(new_asset("4" * 64))
    world.catalog.save_score(old.asset_id, SCORE, version=1, attempts=1)
    world.catalog.save_score(new.asset_id, SCORE, version=2, attempts=1)

    below_two = world.catalog.to_score(TENANT, PROJECT, 2, None, 10)
    all_of_them = world.catalog.to_score(TENANT, PROJECT, None, None, 10)

    assert [entry.asset_id for entry in below_two.entries] == [never.asset_id, old.asset_id]
    assert {entry.asset_id for entry in all_of_them.entries} == {old.asset_id, new.asset_id, never.asset_id}
    assert world.catalog.count_to_score(TENANT, PROJECT, 2) == 2


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
    world.catalog.save_score(asset.asset_id, SCORE, version=1, attempts=1)

    world.catalog.fail_stage(asset.asset_id, Stage.QUALITY, 4)

    assert world.catalog.read(asset.asset_id, TENANT).stages[Stage.QUALITY] is StageStatus.COMPLETED


def test_failed_stages_are_reopened_and_completed_ones_are_not(world: World) -> None:
    asset = world.catalog.create(new_asset())
    world.catalog.save_renditions(TENANT, asset.asset_id, Stage.THUMBNAILS, new_renditions(thumb=10), 1)
    world.catalog.fail_stage(asset.asset_id, Stage.VARIANTS, 4)

    world.catalog.reopen_stages(asset.asset_id, (Stage.THUMBNAILS, Stage.VARIANTS))

    stages = world.catalog.read(asset.asset_id, TENANT).stages
    assert (stages[Stage.THUMBNAILS], stages[Stage.VARIANTS]) == (StageStatus.COMPLETED, StageStatus.PENDING)


def test_nothing_is_saved_on_an_asset_that_is_gone(world: World) -> None:
    world.catalog.save_renditions(TENANT, MISSING, Stage.THUMBNAILS, new_renditions(thumb=10), 1)
    is_saved = world.catalog.save_score(MISSING, SCORE, version=1, attempts=1)
    world.catalog.fail_stage(MISSING, Stage.QUALITY, 1)
    world.catalog.reopen_stages(MISSING, (Stage.QUALITY,))

    assert not is_saved
    assert rows(world.cloud, world.cloud.catalog_table) == []


def test_asset_without_exif_has_none(world: World) -> None:
    made = world.catalog.create(replace(new_asset(), exif={}))

    assert world.catalog.read(made.asset_id, TENANT).exif == {}
