"""The nightly purge: every grave, then a walk along the buckets, in as many invocations as that takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.clock import Clock, utc_now
from shared.domain.round import Bucket, among_graves, begin, past_page
from shared.observability import logger
from shared.schemas import PurgeRound
from shared.stores.rounds import RoundStore
from shared.usecases.purge import Purging, purge
from shared.usecases.sweep_strays import Sweeping, sweep_originals, sweep_renditions

STRAY_AGE = timedelta(days=1)
"""Whoever put an object that is older has recorded it by now, or died."""

WALKS = {Bucket.RENDITIONS: sweep_renditions, Bucket.ORIGINALS: sweep_originals}


@dataclass(frozen=True)
class Nightly:
    """What the use case works with."""

    rounds: RoundStore
    purging: Purging
    sweeping: Sweeping


def purge_round(
    days: int, on: Nightly, has_time: Callable[[], bool], *, is_dry_run: bool, clock: Clock = utc_now
) -> PurgeRound:
    """Begin the day's round, or go on with the one that was not finished; nothing once the day's is done.

    After each page the round is written anew on condition that nobody else has: of two who walk at once one ends
    there, and what both did was the same. With `has_more` the next call goes on.
    """
    now = clock()
    today = now.date().isoformat()
    report = PurgeRound(dry_run=is_dry_run, purge_days=days, cutoff_date=now - timedelta(days=days), errors=[])
    at = on.rounds.read()
    if at.is_done:
        if at.day >= today:
            return report
        graves = purge(days, on.purging, has_time, is_dry_run=is_dry_run, cursor=at.graves_after, clock=clock)
        report = PurgeRound(**graves.model_dump())
        last, at = at, among_graves(at, report.next_cursor) if report.has_more else begin(at, today)
        if not on.rounds.save(at, last) or report.has_more:
            return report
    while not at.is_done:
        if not has_time():
            report.has_more = True
            break
        looked_at = clock()
        before, cursor = at, WALKS[at.bucket](at.after, report, on.sweeping, looked_at - STRAY_AGE, looked_at)
        at = past_page(before, cursor)
        if not on.rounds.save(at, before):
            break
    logger.info("round", **report.model_dump(mode="json", exclude={"errors"}), error_count=len(report.errors))
    return report
