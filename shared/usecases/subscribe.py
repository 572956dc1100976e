"""Follow a job over a WebSocket: what has changed so far at once, the rest as it comes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.clock import Clock, utc_now
from shared.domain import push
from shared.domain.job import Job
from shared.domain.task import Task
from shared.errors import ExpiredKey, TooManySubscriptions
from shared.observability import logger
from shared.schemas import JobView
from shared.stores.images import RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.sockets import SocketStore
from shared.stores.subscriptions import Connection, SubscriptionStore
from shared.stores.tasks import TaskStore
from shared.stores.tenants import TenantStore
from shared.usecases.connect import standing_key
from shared.views import job_fields, task_view

MAX_JOBS = 20
MAX_PAGES = 2
"""Pages of changed tasks in a snapshot; more are left to GET, which has a cursor."""


@dataclass(frozen=True)
class Source:
    """Where what is told comes from."""

    jobs: JobStore
    tasks: TaskStore
    renditions: RenditionStore
    url_lifetime_s: int

    def view(self, job: Job, now: datetime) -> dict[str, Any]:
        return JobView(**job_fields(job, now)).model_dump(mode="json", exclude={"tasks", "next_cursor"})

    def changed(
        self, job: Job, since: int, max_pages: int | None = None
    ) -> tuple[list[tuple[Task, dict[str, Any]]], bool]:
        """(tasks changed since, each with its view, in the order of their changes; whether there are more)."""
        found: list[Task] = []
        cursor, pages = None, 0
        while True:
            page = self.tasks.page(job.job_id, is_failed_only=False, changed_since=since, cursor=cursor)
            found += page.tasks
            cursor, pages = page.next_cursor, pages + 1
            if cursor is None or pages == max_pages:
                break
        return [(task, task_view(task, job, self._sign).model_dump(mode="json")) for task in found], cursor is not None

    def _sign(self, key: str) -> str:
        return self.renditions.sign_url(key, self.url_lifetime_s)


@dataclass(frozen=True)
class Following:
    """What the use cases of an open connection work with."""

    subscriptions: SubscriptionStore
    tenants: TenantStore
    source: Source
    sockets: SocketStore


def subscribe(connection_id: str, job_id: str, since: int, on: Following, clock: Clock = utc_now) -> None:
    """Note the subscription, then post the job and what changed since.

    In this order: a change is told by the snapshot or, having come later, by `announce`; never by neither.
    Raises Unauthorized, InvalidId, NotFound (also for another tenant's job), Expired or TooManySubscriptions.
    """
    now = clock()
    connection = open_connection(connection_id, on, now)
    if job_id not in connection.jobs and len(connection.jobs) >= MAX_JOBS:
        raise TooManySubscriptions(f"A connection follows {MAX_JOBS} jobs at most.", limit=MAX_JOBS)
    seen = on.source.jobs.read_own(job_id, connection.visitor.tenant, now)
    on.subscriptions.subscribe(connection, job_id, push.told_of(seen))
    job = on.source.jobs.read(job_id, now)
    # A number from the future is of no use to anyone.
    after = min(since, job.seq)
    changed, has_more = on.source.changed(job, after, MAX_PAGES)
    # The last change may be on the next page in part.
    read_on_from = changed[-1][0].event_seq - 1 if has_more else None
    texts = push.snapshot(job, on.source.view(job, now), changed, after, read_on_from)
    post_all(connection_id, job_id, texts, on.sockets, on.subscriptions)


def post_all(
    connection_id: str, job_id: str, texts: Iterable[str], sockets: SocketStore, subscriptions: SubscriptionStore
) -> bool:
    """Post the texts in order. False when one is not taken: the connection is dropped, and its client comes back."""
    if all(sockets.post(connection_id, text) for text in texts):
        return True
    sockets.close(connection_id)
    subscriptions.disconnect(connection_id)
    logger.info("connection dropped", job_id=job_id, connection_id=connection_id)
    return False


def unsubscribe(connection_id: str, job_id: str, on: Following, clock: Clock = utc_now) -> None:
    """Follow the job no longer; without effect when it was not followed. Raises Unauthorized."""
    open_connection(connection_id, on, clock())
    on.subscriptions.unsubscribe(connection_id, job_id)


def open_connection(connection_id: str, on: Following, now: datetime) -> Connection:
    """The connection, if its key still stands. Raises Unauthorized, RevokedKey or ExpiredKey."""
    connection = on.subscriptions.find_connection(connection_id, now)
    if connection is None:
        raise ExpiredKey("The connection's time is over.")
    standing_key(connection.visitor.key_id, on.tenants, now)
    return connection
