"""Read a project's jobs."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.domain.job import JobKind
from shared.schemas import IdleView, JobList, JobView
from shared.stores.jobs import JobStore
from shared.views import job_fields


def list_jobs(tenant: str, project: str, cursor: str | None, jobs: JobStore, clock: Clock = utc_now) -> JobList:
    """A page of a project's jobs, newest first. Raises InvalidId for a cursor that is none."""
    now = clock()
    page = jobs.of_project(tenant, project, cursor, now)
    return JobList(jobs=[JobView(**job_fields(job, now)) for job in page.jobs], next_cursor=page.next_cursor)


def read_quality_progress(tenant: str, project: str, jobs: JobStore, clock: Clock = utc_now) -> JobView | IdleView:
    """How far a project's latest quality job is; idle when there is none, or it has expired."""
    now = clock()
    latest = jobs.latest(tenant, project, JobKind.QUALITY)
    job = jobs.find(latest.job_id, now) if latest else None
    return JobView(**job_fields(job, now)) if job else IdleView(project=project)
