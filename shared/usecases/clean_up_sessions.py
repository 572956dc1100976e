"""Remove expired jobs at once, instead of when DynamoDB gets to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from shared.clock import Clock, utc_now
from shared.domain.ids import JOB_ID, PROJECT, TENANT_ID
from shared.errors import InvalidCursor
from shared.schemas import CleanedUp
from shared.stores.jobs import JobStore
from shared.stores.tenants import TenantStore

_CURSOR = re.compile(rf"({TENANT_ID.pattern})/({PROJECT.pattern})/({JOB_ID.pattern})?")


def clean_up_sessions(
    jobs: JobStore,
    tenants: TenantStore,
    has_time: Callable[[], bool] = lambda: True,
    *,
    cursor: str | None = None,
    clock: Clock = utc_now,
) -> CleanedUp:
    """Delete every tenant's jobs that are past their time, with their tasks.

    Ends early, with `has_more`, when time runs out; the next call goes on at `next_cursor`. Raises InvalidCursor.
    """
    done = CleanedUp(removed_jobs=0, removed_tasks=0, has_more=False)
    for tenant, project, begin in _projects(tenants, cursor):
        after = begin
        while True:
            if not has_time():
                done.has_more, done.next_cursor = True, f"{tenant}/{project}/{after or ''}"
                return done
            page = jobs.of_project(tenant, project, after, clock())
            for job_id in page.expired:
                done.removed_tasks += jobs.delete(job_id)
                done.removed_jobs += 1
            after = page.next_cursor
            if after is None:
                break
    return done


def _projects(tenants: TenantStore, cursor: str | None) -> Iterator[tuple[str, str, str | None]]:
    """Tenant, project, and the job to go on after, in the order of the tenants' and the projects' keys."""
    match = _CURSOR.fullmatch(cursor) if cursor else None
    if cursor and match is None:
        raise InvalidCursor("Send the `next_cursor` of the last answer, unchanged.")
    first = (match[1], match[2]) if match else ("", "")
    for tenant in tenants.all_tenants():
        if tenant < first[0]:
            continue
        for project in tenants.projects(tenant):
            if (tenant, project) >= first:
                yield tenant, project, match[3] if match and (tenant, project) == first else None
