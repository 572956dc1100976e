"""Walk a job's manifest: list its assets, then hand them out in batches."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.clock import Clock, utc_now
from shared.domain.asset import Asset
from shared.domain.dispatch import LONGEST, Dispatch, Entry, QualityOptions
from shared.domain.ids import task_id_at
from shared.domain.job import WALKS, Job, JobKind, freeze, give_up
from shared.domain.task import Mark, Task, TaskStatus, pending
from shared.messages import DispatchStep, ScoreRequest, request_of
from shared.observability import logger
from shared.stores.catalog import CatalogStore
from shared.stores.jobs import JobStore
from shared.stores.manifests import ManifestStore
from shared.stores.queues import Queue
from shared.stores.tasks import TaskStore
from shared.usecases.list_images import Listing, list_images


@dataclass(frozen=True)
class Dispatching:
    """What the use case works with."""

    jobs: JobStore
    tasks: TaskStore
    catalog: CatalogStore
    manifests: ManifestStore
    dispatch_queue: Queue
    backfill_queue: Queue
    rebuild_queue: Queue
    listing: Listing


def dispatch_job(
    request: DispatchStep,
    on: Dispatching,
    has_time: Callable[[], bool],
    sleep: Callable[[float], None],
    clock: Clock = utc_now,
) -> None:
    """Do a job's steps from the one named on, then send for the next when time runs out.

    Each step is done by whoever raises the number: a second delivery finds a higher one and ends, unless nothing has
    moved for a while; then the one who raised it has died, and the delivery goes on from there. Cut off anywhere, the
    same step is done again, to the same effect.
    """
    step = request.step
    while True:
        job, dispatch = on.jobs.find(request.job_id, clock()), on.jobs.read_dispatch(request.job_id)
        if job is None or job.is_ended or dispatch is None or dispatch.is_done:
            return
        if dispatch.step != step and not dispatch.is_silent(clock()):
            return
        step = dispatch.step
        wait_s = _wait_s(dispatch, clock())
        if wait_s >= 1 or not has_time():
            on.dispatch_queue.send(DispatchStep(job_id=job.job_id, step=step), delay_s=math.ceil(wait_s))
            return
        if wait_s > 0:
            sleep(wait_s)
        is_mine = _hand_out(job, dispatch, on, clock) if dispatch.is_frozen else _freeze_page(job, dispatch, on, clock)
        if not is_mine:
            return
        step += 1


def _wait_s(dispatch: Dispatch, now: datetime) -> float:
    if dispatch.next_batch_at is None:
        return 0.0
    return max(0.0, (dispatch.next_batch_at - now).total_seconds())


def _freeze_page(job: Job, dispatch: Dispatch, on: Dispatching, clock: Clock) -> bool:
    """Write the chunk that the next page of images comes to; with the last one the job's total is fixed."""
    listed = list_images(
        job.kind,
        job.tenant,
        job.project,
        dispatch.cursor,
        on.listing,
        only_missing=dispatch.options.only_missing,
    )
    chunk = on.manifests.keep_chunk(job.tenant, job.job_id, len(dispatch.chunks), listed)
    now = clock()
    done = replace(
        dispatch,
        step=dispatch.step + 1,
        chunks=(*dispatch.chunks, len(chunk.entries)),
        cursor=chunk.next_cursor,
        is_frozen=chunk.next_cursor is None,
        moved_at=now,
    )
    if not done.is_frozen:
        return on.jobs.save_dispatch(done, dispatch, job)
    frozen = freeze(job, done.frozen, now)
    if done.is_too_long:
        frozen = give_up(frozen, _too_long(done), now)
    return on.jobs.save_frozen(frozen, job, done, dispatch)


def _too_long(dispatch: Dispatch) -> str:
    days = math.ceil(dispatch.options.lasts(dispatch.frozen) / timedelta(days=1))
    return (
        f"To hand out {dispatch.frozen} images would take {days} days at this batch_size and delay_ms, "
        f"and may take {LONGEST.days}."
    )


def _hand_out(job: Job, dispatch: Dispatch, on: Dispatching, clock: Clock) -> bool:
    """Make the tasks of the next batch and send it."""
    started_at = clock()
    entries = _next_entries(job, dispatch, on)
    assets = on.catalog.find_all(entry.asset_id for entry in entries)
    tasks = [_task(job, dispatch.dispatched + i, entry) for i, entry in enumerate(entries)]
    on.tasks.add(tasks, job)
    for task in tasks:
        if task.asset_id not in assets:
            on.tasks.skip(task.ref, clock())
    _send(job, tasks, assets, dispatch.options, on)
    done = replace(
        dispatch,
        step=dispatch.step + 1,
        dispatched=dispatch.dispatched + len(entries),
        next_batch_at=started_at + timedelta(milliseconds=dispatch.options.delay_ms),
        moved_at=clock(),
    )
    logger.info("batch handed out", job_id=job.job_id, dispatched=done.dispatched, total=done.frozen)
    return on.jobs.save_dispatch(done, dispatch, job)


def _next_entries(job: Job, dispatch: Dispatch, on: Dispatching) -> list[Entry]:
    """The next batch of the manifest, which may lie in several chunks."""
    parts = ((on.manifests.read_chunk(job.tenant, job.job_id, n), part) for n, part in dispatch.next_batch)
    return [entry for chunk, part in parts for entry in chunk.entries[part]]


def _task(job: Job, index: int, entry: Entry) -> Task:
    stages = pending(WALKS[job.kind])
    return Task(
        job_id=job.job_id,
        task_id=task_id_at(index, job.total),
        filename=entry.filename,
        stages=stages,
        mark=Mark(stages, TaskStatus.PENDING),
        asset_id=entry.asset_id,
    )


def _send(job: Job, tasks: Sequence[Task], assets: dict[str, Asset], options: QualityOptions, on: Dispatching) -> None:
    requests = [request_of(task.ref, assets[task.asset_id]) for task in tasks if task.asset_id in assets]
    if job.kind is JobKind.RENDITIONS:  # one message each: fifty images' renditions are more than one invocation's work
        for request in requests:
            on.rebuild_queue.send(request.model_copy(update={"only_missing": options.only_missing}))
    elif requests:
        on.backfill_queue.send(ScoreRequest(assets=tuple(requests)))
