"""Grant uploads of a running session, for the first time or again."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.domain.job import JobKind, JobStatus
from shared.domain.task import TaskStatus
from shared.errors import JobCancelled, NotFound
from shared.schemas import GrantsRenewed, RenewGrants
from shared.stores.images import OriginalStore
from shared.stores.jobs import JobStore
from shared.usecases.grant import grant, granted_until


def renew_grants(
    job_id: str, request: RenewGrants, tenant: str, jobs: JobStore, originals: OriginalStore, clock: Clock = utc_now
) -> GrantsRenewed:
    """New grants for those of the tasks that still wait for their file; the others come back without one.

    Raises NotFound for another tenant's session or a task that is not in it, Expired, or JobCancelled.
    """
    now = clock()
    job = jobs.read_own(job_id, tenant, now)
    if job.kind is not JobKind.UPLOAD:
        raise NotFound("There is no such upload session.")
    if job.status is JobStatus.CANCELLED:
        raise JobCancelled
    _, found = jobs.read_with_tasks(job_id, dict.fromkeys(request.task_ids))
    tasks = {task.task_id: task for task in found}
    unknown = [task_id for task_id in request.task_ids if task_id not in tasks]
    if unknown:
        raise NotFound(f"The session has no task {unknown[0]}.")
    jobs.extend_grants(job_id, granted_until(now))
    return GrantsRenewed(
        job_id=job_id,
        uploads=[
            grant(tasks[task_id], tenant, originals, now, is_granted=tasks[task_id].status is TaskStatus.PENDING)
            for task_id in dict.fromkeys(request.task_ids)
        ],
    )
