"""Bring jobs that stand still to an end: nothing stays open for ever."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock, utc_now
from shared.domain.asset import Original
from shared.domain.dispatch import Dispatch
from shared.domain.job import WALKS, Job, JobKind, JobStatus, give_up
from shared.domain.keys import OriginalKey, originals_prefix
from shared.domain.stage import Stage
from shared.domain.task import ENDED_STAGE, ENDED_TASK, MAX_REDRIVES, StageStatus, Task, TaskError
from shared.errors import DarkroomError
from shared.messages import DispatchStep
from shared.observability import logger
from shared.stores.images import OriginalStore
from shared.stores.queues import Queue
from shared.usecases.attempt_stage import Workbench
from shared.usecases.count_progress import count_progress
from shared.usecases.handle_dead_letter import fail_silent_stage
from shared.usecases.retry_tasks import Retrying
from shared.usecases.send_work import send_upload, send_work

JOBS_AT_ONCE = 100
RETENTION = timedelta(days=4)
"""No queue of work keeps a message for longer."""

GRANT_SLACK = timedelta(minutes=5)
"""How long after the last grant an upload may still be on its way."""

DISPATCH_LIFE = timedelta(hours=6)
"""A dispatcher that has not moved for so long, though it was continued again and again, will not."""


@dataclass(frozen=True)
class Reconciling:
    """What the use case works with. `stall_s` is the time without any news after which work counts as lost."""

    bench: Workbench
    retrying: Retrying
    originals: OriginalStore
    dispatch_queue: Queue
    stall_s: int


def reconcile_jobs(on: Reconciling, has_time: Callable[[], bool] = lambda: True, clock: Clock = utc_now) -> int:
    """Look at the jobs whose counters have not moved for a while; how many there were."""
    since = clock() - timedelta(seconds=on.stall_s)
    looked_at = 0
    # In no order: a job that cannot be dealt with must not keep those behind it waiting for ever.
    still = on.bench.jobs.standing_still(since, JOBS_AT_ONCE)
    for job_id in random.sample(still, len(still)):
        if not has_time():
            break
        try:
            reconcile_job(job_id, on, has_time, clock)
        except DarkroomError as error:
            logger.warning("left for the next round", job_id=job_id, code=error.code)
        except Exception:  # as at an edge: one job that cannot even be read must not keep the others open
            logger.exception("left for the next round", job_id=job_id)
        looked_at += 1
    return looked_at


def reconcile_job(job_id: str, on: Reconciling, has_time: Callable[[], bool], clock: Clock) -> None:
    """Count what was not counted, continue a dead dispatcher, and deal with each task that nothing was heard of.

    What there is no time for is left to the next round, which goes on from there. Of a cancelled job only what was in
    flight is seen to its end.
    """
    job = on.bench.jobs.find(job_id, clock())
    if job is None:
        return
    is_cancelled = job.status is JobStatus.CANCELLED
    dispatch = on.bench.jobs.read_dispatch(job_id) if job.kind in WALKS and not is_cancelled else None
    if dispatch and not dispatch.is_done:
        _continue(job, dispatch, on, clock)
    arrived = _arrived(job, on)
    backlog = _Backlog(job, on)
    cursor = job.reconciled_to
    while True:
        page = on.bench.tasks.page(job_id, is_failed_only=False, changed_since=None, cursor=cursor)
        open_tasks = [task for task in page.tasks if task.mark.status not in ENDED_TASK]
        count_progress(job_id, [task.task_id for task in open_tasks], on.bench.jobs, clock)
        for task in open_tasks:
            if not task.is_ended and (task.started_at or not is_cancelled):
                _reconcile_task(job, task, arrived, backlog, on, clock)
        cursor = page.next_cursor
        if cursor is None or not has_time():
            break
    if cursor != job.reconciled_to:
        on.bench.jobs.note_reconciled(job_id, cursor)


class _Backlog:
    """Which lanes of a job have work waiting, looked at once: what waits its turn behind others is not lost."""

    def __init__(self, job: Job, on: Reconciling) -> None:
        self._job, self._lanes = job, on.retrying.lanes
        self._is_empty: dict[str, bool] = {}

    def holds(self, task: Task) -> bool:
        """Whether the task's work may still be waiting in a queue."""
        left = [stage for stage, state in task.stages.items() if state not in ENDED_STAGE]
        queues = [self._lanes.of(stage, self._job) for stage in left]
        for queue in queues:
            if queue.url not in self._is_empty:
                self._is_empty[queue.url] = queue.is_empty()
        return not all(self._is_empty[queue.url] for queue in queues)


def _continue(job: Job, dispatch: Dispatch, on: Reconciling, clock: Clock) -> None:
    moved_at = max(dispatch.moved_at or job.created_at, job.updated_at)
    if clock() - moved_at > DISPATCH_LIFE:
        on.bench.jobs.save(give_up(job, "The job's images could not all be handed out.", clock()), job)
    elif _is_silent(moved_at, on, clock()):
        on.dispatch_queue.send(DispatchStep(job_id=job.job_id, step=dispatch.step))


def _arrived(job: Job, on: Reconciling) -> dict[str, Original]:
    """What lies in the bucket of an upload session, by key: an upload whose event was lost is there all the same."""
    if job.kind is not JobKind.UPLOAD:
        return {}
    return on.originals.arrived(originals_prefix(job.tenant, job.job_id))


def _reconcile_task(
    job: Job, task: Task, arrived: dict[str, Original], backlog: _Backlog, on: Reconciling, clock: Clock
) -> None:
    now = clock()
    if task.stages.get(Stage.VALIDATION) is StageStatus.PENDING:
        upload = arrived.get(str(OriginalKey(job.tenant, task.job_id, task.task_id)))
        if upload is None:
            _expire(job, task, on, now)
            return
    else:
        upload = None
    heard_at = task.changed_at or job.created_at
    if not _is_silent(heard_at, on, now) or (now - heard_at < RETENTION and backlog.holds(task)):
        return
    if task.redrives >= MAX_REDRIVES:
        left = next(stage for stage, state in task.stages.items() if state not in ENDED_STAGE)
        fail_silent_stage(task, left, job.tenant, None, on.bench, on.retrying, clock)
        return
    if not on.bench.tasks.note_redrive(task, now):
        return
    logger.warning("sent again", job_id=task.job_id, task_id=task.task_id, redrives=task.redrives + 1)
    if upload:
        send_upload(task, upload, on.retrying.lanes)
        return
    asset = on.retrying.catalog.find(task.asset_id) if task.asset_id else None
    if task.asset_id and asset is None:
        on.bench.tasks.skip(task.ref, clock())
        return
    send_work(job, task, asset, on.retrying.lanes)


def _expire(job: Job, task: Task, on: Reconciling, now: datetime) -> None:
    """Fail an upload that never came, once nobody holds a grant for it any more."""
    if job.granted_until is None or now < job.granted_until + GRANT_SLACK:
        return
    error = TaskError("upload_expired", "The file never arrived; ask for a new grant to send it.")
    on.bench.tasks.expire(task.ref, error, job.granted_until, now)


def _is_silent(heard_at: datetime, on: Reconciling, now: datetime) -> bool:
    return now - heard_at > timedelta(seconds=on.stall_s)
