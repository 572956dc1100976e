"""Take away what deleted images, and renditions that were replaced, left in the buckets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock, utc_now
from shared.domain.grave import Grave, parse_place
from shared.domain.keys import renditions_prefix
from shared.errors import Transient
from shared.observability import count, logger
from shared.schemas import Purged
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.rows import place_of
from shared.stores.tenants import TenantStore

UNDO_WINDOW = timedelta(days=1)
"""What was buried less than so long ago is left alone, however few days are asked for."""
MAX_ERRORS = 100


@dataclass(frozen=True)
class Purging:
    """What the use case works with."""

    tenants: TenantStore
    catalog: CatalogStore
    originals: OriginalStore
    renditions: RenditionStore


def purge(
    days: int,
    on: Purging,
    has_time: Callable[[], bool],
    *,
    is_dry_run: bool,
    cursor: str | None = None,
    clock: Clock = utc_now,
) -> Purged:
    """Delete what lies in graves and is older than `days`, counted from its creation; with a dry run only count it.

    A grave is emptied as one, once the youngest object in it is that old: objects first, then the grave with its bytes
    in one transaction. Cut off anywhere, the rest is found again, and twice does no harm. What cannot be deleted now
    stays in its grave, and is told in `errors`. Ends early, with `has_more`, when time runs out; the next call goes on
    at `next_cursor`. Raises InvalidCursor.
    """
    place = parse_place(cursor) if cursor else None
    now = clock()
    report = Purged(dry_run=is_dry_run, purge_days=days, cutoff_date=now - timedelta(days=days), errors=[])
    for tenant in on.tenants.all_tenants():
        if place and tenant < place.tenant:
            continue
        after = place if place and place.tenant == tenant else None
        for grave in on.catalog.graves(tenant, now - UNDO_WINDOW, after):
            if not has_time():
                report.has_more, report.next_cursor = True, str(place) if place else None
                return report
            _look(grave, report, on)
            place = place_of(grave)
    logger.info("purged", deleted_count=report.deleted_count, deleted_bytes=report.deleted_bytes)
    return report


def _look(grave: Grave, report: Purged, on: Purging) -> None:
    originals, renditions = int(grave.original is not None), len(grave.renditions)
    report.originals_found += originals
    report.renditions_found += renditions
    if _newest(grave) > report.cutoff_date:
        return
    report.originals_to_delete += originals
    report.renditions_to_delete += renditions
    if report.dry_run:
        return
    try:
        _empty(grave, on)
    except Transient as error:
        tell_what_stays(grave.asset_id, error, report)
        return
    if on.catalog.close_grave(grave):
        report.deleted_count += originals + renditions
        report.deleted_bytes += grave.bytes


def tell_what_stays(name: str, error: Transient, report: Purged) -> None:
    """Note what could not be deleted, by its asset's id or its key; the next purge tries again."""
    logger.warning("not purged", what=name, detail=error.detail)
    count("PurgeFailures")
    if len(report.errors) < MAX_ERRORS:
        report.errors.append(f"{name}: {error.detail}")


def _newest(grave: Grave) -> datetime:
    made = [datetime.fromisoformat(rendition.created_at) for rendition in grave.renditions if rendition.created_at]
    return max([grave.created_at, *made])


def _empty(grave: Grave, on: Purging) -> None:
    """Delete its objects, but for what a live asset names: the same content may have been uploaded again."""
    live = on.catalog.find(grave.asset_id)
    kept = {rendition.key for rendition in live.renditions.values()} if live else set()
    keys = {rendition.key for rendition in grave.renditions}
    if grave.original is not None and (live is None or live.creator != grave.creator):
        # Also what a worker that lost the race with the delete left there.
        keys |= set(on.renditions.under(renditions_prefix(grave.tenant, grave.asset_id, grave.creator)))
    on.renditions.delete(sorted(keys - kept))
    if grave.original is not None and (live is None or live.original != grave.original):
        on.originals.delete(grave.original)
