"""Remove expired jobs at once, instead of when DynamoDB gets to them."""

from __future__ import annotations

from collections.abc import Callable

from shared.clock import Clock, utc_now
from shared.schemas import CleanedUp
from shared.stores.jobs import JobStore
from shared.stores.tenants import TenantStore


def clean_up_sessions(
    jobs: JobStore, tenants: TenantStore, has_time: Callable[[], bool] = lambda: True, clock: Clock = utc_now
) -> CleanedUp:
    """Delete every tenant's jobs that are past their time, with their tasks; says when it ran out of its own."""
    removed_jobs = removed_tasks = 0
    for tenant in tenants.all_tenants():
        for project in tenants.projects(tenant):
            cursor = None
            while True:
                if not has_time():
                    return CleanedUp(removed_jobs=removed_jobs, removed_tasks=removed_tasks, has_more=True)
                page = jobs.of_project(tenant, project, cursor, clock())
                for job_id in page.expired:
                    removed_tasks += jobs.delete(job_id)
                    removed_jobs += 1
                cursor = page.next_cursor
                if cursor is None:
                    break
    return CleanedUp(removed_jobs=removed_jobs, removed_tasks=removed_tasks, has_more=False)
