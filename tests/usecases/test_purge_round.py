from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from shared.domain.round import PAGES_A_NIGHT, Bucket, Round, begin, past_page
from shared.schemas import PurgeRound
from tests.crashes import died
from tests.pictures import photo
from tests.world import TENANT, World

TENANTS = (TENANT, TENANT.replace("0", "1"))


@pytest.fixture
def tenant(world: World) -> World:
    """A world in which all that lies in the buckets is old."""
    for number, tenant in enumerate(TENANTS):
        world.tenants.create(tenant, f"shop {number}", world.now)
    world.now = datetime.now(UTC) + timedelta(days=3)
    return world


def deleted(world: World) -> None:
    """An image of each tenant that was deleted long ago, and a stray upload."""
    for tenant in TENANTS:
        session = world.open_session([photo(1, 40, 40)], tenant=tenant)
        upload = world.put(session.job_id, session.uploads[0].task_id, photo(1, 40, 40), tenant)
        world.run([upload])
        world.put(session.job_id, session.uploads[0].task_id, b"twice", tenant)
    for asset in world.all_assets():
        world.catalog.delete(asset.asset_id, asset.tenant, world.clock())
    world.now += timedelta(days=40)


def rounds(world: World, pages: int) -> list[PurgeRound]:
    """Calls that each have time for so many pages, until one has nothing left to do."""
    reports = []
    while not reports or reports[-1].has_more:
        reports.append(world.purge_round(partial(next, iter([True] * pages), False)))
    return reports


def test_round_empties_graves_and_sweeps_both_buckets(tenant: World) -> None:
    deleted(tenant)

    report = tenant.purge_round()

    assert (report.deleted_count, report.strays_deleted, report.has_more, report.errors) == (20, 2, False, [])
    assert tenant.stored() == ({}, {})
    assert not tenant.usage().get("awaiting_purge_bytes")


def test_day_has_one_round(tenant: World) -> None:
    tenant.purge_round()
    deleted_today = tenant.now + timedelta(minutes=15)
    tenant.now = deleted_today

    deleted(tenant)
    tenant.now = deleted_today

    assert tenant.purge_round().strays_found == 0
    tenant.now += timedelta(days=40)
    assert tenant.purge_round().deleted_count == 20


def test_round_without_time_is_continued_by_the_next_call(tenant: World) -> None:
    deleted(tenant)

    reports = rounds(tenant, pages=1)

    assert [report.deleted_count for report in reports] == [10, 10, 0, 0]
    assert sum(report.strays_deleted for report in reports) == 2
    assert tenant.stored() == ({}, {})


def test_round_goes_on_behind_the_graves_it_has_looked_at(tenant: World) -> None:
    deleted(tenant)
    first = tenant.purge_round(partial(next, iter([True]), False), is_dry_run=True)
    second = tenant.purge_round(is_dry_run=True)

    assert (first.originals_found, second.originals_found, second.has_more) == (1, 1, False)


def test_walk_of_yesterday_is_finished_first(tenant: World) -> None:
    deleted(tenant)
    assert tenant.purge_round(partial(next, iter([True] * 3), False)).has_more
    deleted(tenant)

    assert (tenant.purge_round().deleted_count, tenant.purge_round().deleted_count) == (0, 20)
    assert tenant.stored() == ({}, {})


def test_of_two_who_walk_at_once_one_ends(tenant: World) -> None:
    deleted(tenant)
    others: list[PurgeRound] = []

    def let_another_go_first() -> bool:
        if not others:
            others.append(tenant.purge_round())
        return True

    report = tenant.purge_round(let_another_go_first)

    assert others[0].deleted_count == 20
    assert (report.deleted_count, report.has_more) == (0, False)


def test_round_cut_off_after_any_call_is_ended_by_the_next(tenant: World) -> None:
    tenant.purge_round()
    deleted(tenant)
    before, cut_after = tenant.moment(), 0
    while True:
        cut_after += 1
        tenant.go_back(before)
        is_cut = died(cut_after, tenant.purge_round)
        tenant.purge_round()

        assert tenant.stored() == ({}, {})
        assert not tenant.usage().get("awaiting_purge_bytes")
        if not is_cut:
            return


def test_dry_round_deletes_nothing(tenant: World) -> None:
    deleted(tenant)
    before = tenant.stored()

    report = tenant.purge_round(is_dry_run=True)

    assert (report.originals_to_delete, report.renditions_to_delete, report.strays_found) == (2, 18, 2)
    assert (report.deleted_count, report.strays_deleted) == (0, 0)
    assert tenant.stored() == before


def test_young_strays_stay(tenant: World) -> None:
    tenant.now = datetime.now(UTC)
    deleted(tenant)
    tenant.now = datetime.now(UTC)

    assert tenant.purge_round().strays_found == 0


def test_walk_along_the_buckets_goes_on_the_next_day() -> None:
    tired = Round(day="2026-01-02", step=7, pages_left=1, bucket=Bucket.ORIGINALS)

    ended = past_page(tired, "b")

    assert ended.is_done
    assert begin(ended, "2026-01-03") == Round("2026-01-03", 9, PAGES_A_NIGHT, Bucket.ORIGINALS, "b")


def test_walk_leads_along_each_bucket_once_a_day() -> None:
    first = begin(Round(), "2026-01-02")

    second = past_page(first, None)

    assert (second.bucket, second.after, second.is_done) == (Bucket.ORIGINALS, None, False)
    assert past_page(second, None) == Round("2026-01-02", 3, 0, Bucket.RENDITIONS, None)
