"""Read how far a job is."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.schemas import JobView
from shared.stores.jobs import JobStore
from shared.views import job_fields


def read_job(job_id: str, tenant: str, jobs: JobStore, clock: Clock = utc_now) -> JobView:
    """One row, whatever the job's size. Raises NotFound, also for another tenant's job, or Expired."""
    now = clock()
    return JobView(**job_fields(jobs.read_own(job_id, tenant, now), now))
