"""Grant uploads of a running session, for the first time or again."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.domain.job import JobKind, JobStatus
from shared.domain.task import Outcome, Task, TaskStatus
from shared.errors import JobCancelled, NotFound
from shared.schemas import GrantsRenewed, RenewGrants
from shared.stores.images import OriginalStore
from shared.usecases.grant import grant, granted_until
from shared.usecases.retry_tasks import AT_ONCE, Retrying, reopen_tasks


def renew_grants(
    job_id: str, request: RenewGrants, tenant: str, on: Retrying, originals: OriginalStore, clock: Clock = utc_now
) -> GrantsRenewed:
    """New grants for those of the tasks that still wait for their file; the others come back without one.

    A task whose file had never come in time waits for it again. Raises NotFound for another tenant's session or a task
    that is not in it, Expired, or JobCancelled.
    """
    now = clock()
    job = on.jobs.read_own(job_id, tenant, now)
    if job.kind is not JobKind.UPLOAD:
        raise NotFound("There is no such upload session.")
    if job.status is JobStatus.CANCELLED:
        raise JobCancelled
    # First: whoever expires tasks does so only while no grant was given since it looked.
    on.jobs.extend_grants(job_id, granted_until(now))
    tasks = _tasks(job_id, request, on)
    expired = [task for task in tasks.values() if task.outcome is Outcome.EXPIRED]
    for start in range(0, len(expired), AT_ONCE):
        reopen_tasks(job, expired[start : start + AT_ONCE], on, clock, frozenset({Outcome.EXPIRED}))
    if expired:
        tasks = _tasks(job_id, request, on)
    return GrantsRenewed(
        job_id=job_id,
        uploads=[
            grant(tasks[task_id], tenant, originals, now, is_granted=tasks[task_id].status is TaskStatus.PENDING)
            for task_id in dict.fromkeys(request.task_ids)
        ],
    )


def _tasks(job_id: str, request: RenewGrants, on: Retrying) -> dict[str, Task]:
    _, found = on.jobs.read_with_tasks(job_id, dict.fromkeys(request.task_ids))
    tasks = {task.task_id: task for task in found}
    unknown = [task_id for task_id in request.task_ids if task_id not in tasks]
    if unknown:
        raise NotFound(f"The session has no task {unknown[0]}.")
    return tasks
