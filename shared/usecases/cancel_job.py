"""Cancel a job."""

from __future__ import annotations

from collections.abc import Mapping

from shared.clock import Clock, utc_now
from shared.domain.job import Job, JobKind, JobStatus, cancel
from shared.domain.task import TaskStatus
from shared.errors import Transient
from shared.schemas import Cancelled
from shared.stores.jobs import JobStore

TRIES = 20

WHY_NOT: Mapping[JobStatus, str] = {
    JobStatus.CANCELLED: "The job was cancelled before",
    JobStatus.COMPLETED: "The job has ended",
    JobStatus.FAILED: "The job has ended",
}


def cancel_job(job_id: str, tenant: str, jobs: JobStore, clock: Clock = utc_now) -> Cancelled:
    """Let nothing new of a job begin; what is in flight finishes and counts. The receipt adds up to the total.

    A job that has ended or was cancelled before is left as it is, and the answer says so. Raises NotFound, also for
    another tenant's job, or Expired.
    """
    for _ in range(TRIES):
        job = jobs.read_own(job_id, tenant, clock())
        if job.is_ended:
            return _receipt(job, False, WHY_NOT[job.status])
        cancelled = cancel(job, clock())
        if jobs.save(cancelled, job):
            return _receipt(cancelled, True, "Job cancelled")
    raise Transient("The job is moving too fast to be cancelled now.")


def cancel_quality_job(tenant: str, project: str, jobs: JobStore, clock: Clock = utc_now) -> Cancelled:
    """As `cancel_job`, for a project's latest quality job; a project without one is idle."""
    latest = jobs.latest(tenant, project, JobKind.QUALITY)
    if latest is None or jobs.find(latest.job_id, clock()) is None:
        return Cancelled(
            job_id=None,
            cancelled=False,
            status="idle",
            total=0,
            processed=0,
            failed=0,
            skipped=0,
            in_flight=0,
            message="The project has no job to cancel",
        )
    return cancel_job(latest.job_id, tenant, jobs, clock)


def _receipt(job: Job, is_cancelled: bool, message: str) -> Cancelled:
    return Cancelled(
        job_id=job.job_id,
        cancelled=is_cancelled,
        status=job.status,
        total=job.total,
        processed=job.counts.get(TaskStatus.COMPLETED, 0),
        failed=job.counts.get(TaskStatus.FAILED, 0),
        skipped=job.counts.get(TaskStatus.SKIPPED, 0),
        in_flight=job.counts.get(TaskStatus.PROCESSING, 0),
        message=message,
    )
