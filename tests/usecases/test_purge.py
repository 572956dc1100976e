from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from shared.errors import InvalidCursor
from shared.schemas import Purged
from shared.usecases.purge import purge
from tests.crashes import died, failing
from tests.pictures import photo
from tests.world import TENANT, World

SMALL = (40, 40)


@pytest.fixture
def tenant(world: World) -> World:
    world.tenants.create(TENANT, "shop", world.now)
    return world


def uploaded(world: World, seed: int = 1) -> str:
    """The id of an image with its renditions."""
    before = {asset.asset_id for asset in world.all_assets()}
    _, uploads = world.upload(photo(seed, *SMALL))
    world.run(uploads)
    return next(asset.asset_id for asset in world.all_assets() if asset.asset_id not in before)


def deleted_long_ago(world: World, seed: int = 1) -> str:
    asset_id = uploaded(world, seed)
    world.catalog.delete(asset_id, TENANT, world.clock())
    world.now += timedelta(days=40)
    return asset_id


def stored(world: World) -> set[str]:
    buckets = (world.cloud.originals_bucket, world.cloud.renditions_bucket)
    found = {name for bucket in buckets for name in world.objects(bucket)}
    return {name for name in found if name.startswith(("originals/", "renditions/"))}


def counted(world: World) -> dict[str, Any]:
    return {name: n for name, n in world.usage().items() if n}


def test_what_a_deleted_image_left_is_taken_away(tenant: World) -> None:
    deleted_long_ago(tenant)
    awaited = counted(tenant)["awaiting_purge_bytes"]

    report = tenant.purge()

    assert (stored(tenant), counted(tenant)) == (set(), {})
    assert (report.originals_to_delete, report.renditions_to_delete, report.deleted_count) == (1, 9, 10)
    assert (report.deleted_bytes, report.errors) == (awaited, [])


def test_dry_run_deletes_nothing(tenant: World) -> None:
    deleted_long_ago(tenant)
    before = stored(tenant)

    report = tenant.purge(is_dry_run=True)

    assert (stored(tenant), report.renditions_to_delete, report.deleted_count) == (before, 9, 0)


def test_live_images_stay(tenant: World) -> None:
    uploaded(tenant)
    tenant.now += timedelta(days=40)
    before = stored(tenant)

    assert tenant.purge().renditions_found == 0
    assert stored(tenant) == before


def test_young_images_stay_and_are_found(tenant: World) -> None:
    tenant.catalog.delete(uploaded(tenant), TENANT, tenant.clock())
    tenant.now += timedelta(days=20)

    report = tenant.purge()

    assert (report.renditions_found, report.renditions_to_delete) == (9, 0)
    assert len(stored(tenant)) == 10


@pytest.mark.parametrize("days", [0, 1])
def test_what_was_deleted_within_a_day_is_left_alone(tenant: World, days: int) -> None:
    asset_id = uploaded(tenant)
    tenant.now += timedelta(days=400)
    tenant.catalog.delete(asset_id, TENANT, tenant.clock())
    tenant.now += timedelta(hours=23)

    assert tenant.purge(days).renditions_found == 0
    assert len(stored(tenant)) == 10


def test_same_content_uploaded_again_survives(tenant: World) -> None:
    gone = deleted_long_ago(tenant)
    again = uploaded(tenant)

    tenant.purge()

    live = tenant.catalog.read(again, TENANT)
    assert again == gone
    assert {name.split("@")[0] for name in stored(tenant)} == {
        live.original.key,
        *(rendition.key for rendition in live.renditions.values()),
    }
    assert "awaiting_purge_bytes" not in counted(tenant)


def test_renditions_that_nobody_recorded_are_taken_away_as_well(tenant: World) -> None:
    asset_id = uploaded(tenant)
    rendition = tenant.catalog.read(asset_id, TENANT).renditions["thumb"]
    tenant.renditions.put(rendition.key.replace("/thumb-", "/late-"), b"late", "image/jpeg")
    tenant.catalog.delete(asset_id, TENANT, tenant.clock())
    tenant.now += timedelta(days=40)

    tenant.purge()

    assert stored(tenant) == set()


def test_second_purge_finds_nothing(tenant: World) -> None:
    deleted_long_ago(tenant)
    tenant.purge()

    assert tenant.purge().renditions_found == 0


def test_purge_cut_off_after_any_call_is_ended_by_the_next(tenant: World) -> None:
    cut_after = 0
    while True:
        cut_after += 1
        deleted_long_ago(tenant, seed=cut_after)
        is_cut = died(cut_after, tenant.purge)
        tenant.purge()

        assert (stored(tenant), counted(tenant)) == (set(), {})
        if not is_cut:
            return


def test_what_cannot_be_deleted_is_told_and_stays_for_the_next_night(
    tenant: World, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted_long_ago(tenant)
    before = counted(tenant)
    with failing("DeleteObjects"):
        report = tenant.purge()

    assert (report.deleted_count, len(report.errors)) == (0, 1)
    assert '"PurgeFailures":[1.0]' in capsys.readouterr().out
    assert counted(tenant) == before
    assert tenant.purge().deleted_count == 10


def test_purge_that_runs_out_of_time_says_so(tenant: World) -> None:
    for seed in (1, 2):
        deleted_long_ago(tenant, seed)
    left = iter((True, False))

    report = purge(30, tenant.purging, lambda: next(left), is_dry_run=False, clock=tenant.clock)

    assert (report.deleted_count, report.has_more) == (10, True)


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_purge_without_time_goes_on_behind_what_is_too_young(tenant: World, is_dry_run: bool) -> None:
    old = uploaded(tenant, seed=1)
    tenant.now += timedelta(days=40)
    young = [uploaded(tenant, seed) for seed in (2, 3, 4)]
    for asset_id in (*young, old):
        tenant.catalog.delete(asset_id, TENANT, tenant.clock())
    tenant.now += timedelta(days=2)
    reports: list[Purged] = []
    while not reports or reports[-1].has_more:
        left = iter((True, True))
        cursor = reports[-1].next_cursor if reports else None
        reports.append(
            purge(
                30,
                tenant.purging,
                lambda left=left: next(left, False),
                is_dry_run=is_dry_run,
                cursor=cursor,
                clock=tenant.clock,
            )
        )

    assert sum(report.originals_found for report in reports) == 4
    assert sum(report.originals_to_delete for report in reports) == 1
    assert sum(report.deleted_count for report in reports) == (0 if is_dry_run else 10)


def test_purge_goes_on_at_a_grave_that_is_gone(tenant: World) -> None:
    for seed in (1, 2):
        deleted_long_ago(tenant, seed)
    first = purge(30, tenant.purging, partial(next, iter([True, False])), is_dry_run=False, clock=tenant.clock)

    rest = purge(30, tenant.purging, lambda: True, is_dry_run=False, cursor=first.next_cursor, clock=tenant.clock)

    assert (first.deleted_count, rest.deleted_count, rest.next_cursor) == (10, 10, None)


@pytest.mark.parametrize("cursor", ["x", "tenant_1/2026/asset_1/job.t/", "a/b/c/d/e"])
def test_cursor_that_was_never_given_is_refused(tenant: World, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        purge(30, tenant.purging, lambda: True, is_dry_run=True, cursor=cursor)
