"""Put failed tasks back to work, under a new epoch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.clock import Clock, utc_now
from shared.domain.job import ONE_AT_A_TIME, Job, JobStatus
from shared.domain.projection import RETRIABLE, reopen
from shared.domain.task import ENDED_STAGE, Outcome, Task
from shared.errors import GrantNeeded, JobActive, JobCancelled, NotFound, NothingToRetry, Transient
from shared.schemas import Left, Retried
from shared.stores.catalog import CatalogStore
from shared.stores.jobs import JobStore, Latest
from shared.stores.tasks import TaskStore
from shared.usecases.count_progress import count_progress
from shared.usecases.send_work import Lanes, send_work

AT_ONCE = 90
"""Tasks of one transaction, which takes a hundred items."""

TRIES = 10

HasTime = Callable[[], bool]


@dataclass(frozen=True)
class Retrying:
    """What the use case works with."""

    jobs: JobStore
    tasks: TaskStore
    catalog: CatalogStore
    lanes: Lanes


def retry_failed(
    job_id: str, tenant: str, on: Retrying, clock: Clock = utc_now, has_time: HasTime = lambda: True
) -> Retried:
    """Reopen a job's failed tasks. Refused images and uploads that never came are left, and counted. Twice is harmless.

    Says `has_more` when its time ran out. Raises NotFound, Expired, JobCancelled, or JobActive when the project has
    begun another job of the kind meanwhile.
    """
    job = _open_to_retry(job_id, tenant, on, clock)
    left: Counter[Outcome | None] = Counter()
    reopened, cursor, has_more = 0, None, False
    while True:
        page = on.tasks.page(job_id, is_failed_only=True, changed_since=None, cursor=cursor)
        left.update(task.outcome for task in page.tasks)
        ready = [task for task in page.tasks if task.outcome in RETRIABLE]
        for start in range(0, len(ready), AT_ONCE):
            if not has_time():
                has_more = True
                break
            reopened += reopen_tasks(job, ready[start : start + AT_ONCE], on, clock)
        cursor = page.next_cursor
        if cursor is None or has_more:
            break
    return Retried(
        job_id=job_id,
        status=on.jobs.read(job_id, clock()).status,
        reopened=reopened,
        left=Left(refused=left[Outcome.REFUSED], expired=left[Outcome.EXPIRED]),
        has_more=has_more,
        message=f"{reopened} failed images are tried again" if reopened else "Nothing here can be tried again",
    )


def retry_task(job_id: str, task_id: str, tenant: str, on: Retrying, clock: Clock = utc_now) -> Retried:
    """Reopen one failed task. One that is at work already, or completed, is left as it is: twice is harmless.

    Raises NothingToRetry for a refused image, GrantNeeded for an upload that never came, and as `retry_failed`.
    """
    job = _open_to_retry(job_id, tenant, on, clock)
    _, found = on.jobs.read_with_tasks(job_id, [task_id])
    if not found:
        raise NotFound("The job has no such task.")
    task = found[0]
    if task.outcome is Outcome.REFUSED:
        raise NothingToRetry("The image was refused; the same bytes would be again.")
    if task.outcome is Outcome.EXPIRED:
        raise GrantNeeded
    reopened = reopen_tasks(job, found, on, clock)
    return Retried(
        job_id=job_id,
        status=on.jobs.read(job_id, clock()).status,
        reopened=reopened,
        left=Left(),
        message="The image is tried again" if reopened else f"The image is {task.status}; nothing was changed",
    )


def reopen_tasks(
    job: Job, tasks: Sequence[Task], on: Retrying, clock: Clock, outcomes: frozenset[Outcome] = RETRIABLE
) -> int:
    """Reopen those of the tasks that failed with such an outcome, and send their work; how many there were."""
    task_ids = [task.task_id for task in tasks]
    count_progress(job.job_id, task_ids, on.jobs, clock)  # only what was counted as failed can be taken back
    for _ in range(TRIES):
        read, found = on.jobs.read_with_tasks(job.job_id, task_ids)
        projection = reopen(read, found, clock(), outcomes) if read else None
        if read is None or projection is None:
            return 0
        latest = _latest(read, on, clock) if read.is_ended else None
        if on.jobs.apply_reopening(projection, read, latest):
            reopened = [task.task_id for task, _ in projection.counted]
            _send(projection.job, reopened, on, clock)
            return len(reopened)
    raise Transient("The job is moving too fast to be reopened now.")


def _open_to_retry(job_id: str, tenant: str, on: Retrying, clock: Clock) -> Job:
    job = on.jobs.read_own(job_id, tenant, clock())
    if job.status is JobStatus.CANCELLED:
        raise JobCancelled
    return job


def _latest(job: Job, on: Retrying, clock: Clock) -> Latest | None:
    """The project's latest job of the kind, whose place an ended job takes again. Raises JobActive while it works."""
    if job.kind not in ONE_AT_A_TIME:
        return None
    latest = on.jobs.latest(job.tenant, job.project, job.kind)
    active = on.jobs.find(latest.job_id, clock()) if latest and latest.job_id != job.job_id else None
    if active and not active.is_ended:
        raise JobActive(active.job_id)
    return latest


def _send(job: Job, task_ids: Sequence[str], on: Retrying, clock: Clock) -> None:
    _, tasks = on.jobs.read_with_tasks(job.job_id, task_ids)
    assets = on.catalog.find_all(task.asset_id for task in tasks if task.asset_id)
    for task in tasks:
        asset = assets.get(task.asset_id or "")
        if asset:
            unfinished = [stage for stage, state in task.stages.items() if state not in ENDED_STAGE]
            on.catalog.reopen_stages(asset.asset_id, unfinished, clock())
        send_work(job, task, asset, on.lanes)
