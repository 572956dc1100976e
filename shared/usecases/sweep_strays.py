"""Delete what nobody owns in the buckets: left by a worker that died, or by an upload whose news was lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby

from shared.domain.asset import Original
from shared.domain.keys import OriginalKey, creator_of, life_of, list_of_segment
from shared.domain.upload import is_wanted
from shared.errors import Transient
from shared.observability import count, logger
from shared.schemas import PurgeRound
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore, Stored
from shared.stores.jobs import JobStore
from shared.stores.segments import read_listed
from shared.usecases.purge import MAX_ERRORS, tell_what_stays

SHOWN = 10
"""So many keys are logged of a page."""


@dataclass(frozen=True)
class Sweeping:
    """What the use case works with."""

    jobs: JobStore
    catalog: CatalogStore
    originals: OriginalStore
    renditions: RenditionStore
    most_strays: int
    """Of a page. When there are more, it may be the catalog that has lost something, and nothing is deleted."""


def sweep_renditions(
    after: str | None, report: PurgeRound, on: Sweeping, older_than: datetime, now: datetime
) -> str | None:
    """Look at a page of the renditions bucket; the last key, or None at its end."""
    page, cursor = on.renditions.page(after)
    old = [stored for stored in page if stored.written_at < older_than]
    strays = [*_strays_of_assets(old, on, now, is_dry_run=report.dry_run), *_strays_of_lists(old, on)]
    if not _are_held_back(strays, report, on.most_strays):
        _delete(strays, lambda: on.renditions.delete([stray.key for stray in strays]), report)
    return cursor


def sweep_originals(
    after: str | None, report: PurgeRound, on: Sweeping, older_than: datetime, now: datetime
) -> str | None:
    """Look at a page of the versions of originals; where the next one begins, or None at the end."""
    page, cursor = on.originals.page(after)
    old = [stored for stored in page if stored.written_at < older_than]
    strays = list(_strays_of_uploads(old, on, now))
    if not _are_held_back(strays, report, on.most_strays):
        for stray in strays:
            _delete([stray], partial(on.originals.delete, Original(stray.key, stray.version_id)), report)
    return cursor


def _strays_of_assets(found: Iterable[Stored], on: Sweeping, now: datetime, *, is_dry_run: bool) -> Iterator[Stored]:
    """Renditions that no asset and no grave names. Their keys are given up before anything is deleted."""
    lives: dict[tuple[str, str], dict[str, Stored]] = defaultdict(dict)
    for stored in found:
        if life := life_of(stored.key):
            lives[life][stored.key] = stored
    assets = on.catalog.find_all(asset_id for asset_id, _ in lives)
    for (asset_id, creator), objects in lives.items():
        asset = assets.get(asset_id)
        named = {made.key for made in asset.renditions.values()} if asset else set[str]()
        if suspects := objects.keys() - named:
            strays = on.catalog.disown(asset_id, creator, suspects, now, is_dry_run=is_dry_run)
            yield from (objects[key] for key in sorted(strays))


def _strays_of_lists(found: Iterable[Stored], on: Sweeping) -> Iterator[Stored]:
    """Hash segments that their list does not name, and that were made too long ago for it to name them yet."""
    segments = [(stored, named) for stored in found if (named := list_of_segment(stored.key))]
    for pk, group in groupby(segments, key=lambda segment: segment[1][0]):
        listed = read_listed(on.catalog.table, pk)
        yield from (
            stored for stored, (_, revision) in group if stored.key not in listed.keys and revision <= listed.revision
        )


def _strays_of_uploads(found: Iterable[Stored], on: Sweeping, now: datetime) -> Iterator[Stored]:
    """Uploads that their task does not want, or whose job is over, and that no asset and no grave names."""
    parsed = [(stored, key) for stored in found if (key := OriginalKey.parse(stored.key))]
    for job_id, group in groupby(parsed, key=lambda upload: upload[1].job_id):
        uploads = list(group)
        job, tasks = on.jobs.read_with_tasks(job_id, sorted({key.task_id for _, key in uploads}))
        waiting = {} if job is None or job.is_expired(now) else {task.task_id: task for task in tasks}
        for stored, key in uploads:
            original, task = Original(stored.key, stored.version_id), waiting.get(key.task_id)
            if task and is_wanted(task, original.version_id, may_begin=True):
                continue
            if not on.catalog.owns_original(creator_of(job_id, key.task_id), original):
                yield stored


def _are_held_back(strays: Sequence[Stored], report: PurgeRound, most: int) -> bool:
    report.strays_found += len(strays)
    if len(strays) <= most:
        return False
    if len(report.errors) < MAX_ERRORS:
        report.errors.append(f"{strays[0].key}: it and {len(strays) - 1} objects near it belong to nobody, and stay.")
    logger.error("too many strays", keys=[stray.key for stray in strays[:SHOWN]], count=len(strays))
    count("StraysHeldBack")
    return True


def _delete(strays: Sequence[Stored], delete: Callable[[], None], report: PurgeRound) -> None:
    if not strays or report.dry_run:
        return
    try:
        delete()
    except Transient as error:
        tell_what_stays(strays[0].key, error, report)
        return
    report.strays_deleted += len(strays)
    report.strays_deleted_bytes += sum(stray.bytes for stray in strays)
    logger.warning("strays deleted", keys=[stray.key for stray in strays[:SHOWN]], count=len(strays))
