"""Read how far a job is: an upload session or any other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Literal

from shared.clock import Clock, utc_now
from shared.schemas import JobView
from shared.stores.images import RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.tasks import TaskStore
from shared.views import job_fields, task_view


@dataclass(frozen=True)
class TaskQuery:
    """Which tasks to show: none, all, those that failed, or those changed since an event number."""

    tasks: Literal["all", "failed"] | None = None
    changed_since: int | None = None
    cursor: str | None = None

    @property
    def is_asked(self) -> bool:
        return self.tasks is not None or self.changed_since is not None


@dataclass(frozen=True)
class Reading:
    """What the use case works with."""

    jobs: JobStore
    tasks: TaskStore
    renditions: RenditionStore
    url_lifetime_s: int


@dataclass(frozen=True)
class Tagged:
    """A view and its entity tag; no view when the caller has it already."""

    etag: str
    view: JobView | None


def read_job(
    job_id: str, tenant: str, query: TaskQuery, known_etag: str | None, on: Reading, clock: Clock = utc_now
) -> Tagged:
    """The job's counters from one row, and a page of its tasks if asked for.

    Raises NotFound, also for another tenant's job, or Expired.
    """
    now = clock()
    job = on.jobs.read_own(job_id, tenant, now)
    # Signed URLs go stale: with tasks, the tag changes before they do.
    period = int(now.timestamp()) // max(1, on.url_lifetime_s // 2) if query.is_asked else 0
    etag = _etag(job.seq, job.epoch, job.status, period, query)
    if known_etag == etag:
        return Tagged(etag, None)
    view = JobView(**job_fields(job, now))
    if not query.is_asked:
        return Tagged(etag, view)
    page = on.tasks.page(
        job_id, is_failed_only=query.tasks == "failed", changed_since=query.changed_since, cursor=query.cursor
    )
    sign = partial(on.renditions.sign_url, lifetime_s=on.url_lifetime_s)
    tasks = [task_view(task, job, sign) for task in page.tasks]
    return Tagged(etag, view.model_copy(update={"tasks": tasks, "next_cursor": page.next_cursor}))


def _etag(*parts: object) -> str:
    """Weak: eta_s and poll_after_ms follow the clock, what they are computed from does not."""
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:24]}"'
