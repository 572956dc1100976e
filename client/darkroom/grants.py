"""The grants of one session: asked for by the hundreds, renewed before they expire, shared by the threads that send."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice

from darkroom.api import Client
from darkroom.models import Grant, GrantedTask

MAX_GRANTS = 500
# A grant must still live this long when a file sets out: S3 looks at the policy once the form has arrived.
MARGIN_S = 60.0
# What a fresh grant is trusted for at least, whatever this machine's clock says; S3's 403 settles the rest.
MIN_TRUST_S = 120.0


class GrantBook:
    """Hands out the grant of each waiting task once."""

    def __init__(
        self, client: Client, job_id: str, waiting: Iterable[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._job_id = job_id
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting = dict.fromkeys(waiting)
        self._grants: dict[str, tuple[Grant, float]] = {}

    def put(self, tasks: Iterable[GrantedTask]) -> None:
        now = self._clock()
        for task in tasks:
            if task.upload:
                self._grants[task.task_id] = task.upload, now + _trust_s(task.upload)

    def take(self, task_id: str) -> Grant | None:
        """A grant that lives; None when the task is no longer pending, and so needs none. Raises ApiError."""
        with self._lock:
            if not self._is_alive(task_id):
                self._renew(task_id)
            self._waiting.pop(task_id, None)
            grant, _ = self._grants.pop(task_id, (None, 0.0))
            return grant

    def _renew(self, task_id: str) -> None:
        others = (other for other in self._waiting if other != task_id and not self._is_alive(other))
        batch = [task_id, *islice(others, MAX_GRANTS - 1)]
        for stale in batch:
            self._grants.pop(stale, None)
        self.put(self._client.renew_grants(self._job_id, batch))

    def _is_alive(self, task_id: str) -> bool:
        return task_id in self._grants and self._grants[task_id][1] > self._clock()


def _trust_s(grant: Grant) -> float:
    """Seconds for which a grant that has just come is worth using."""
    expires_at = datetime.fromisoformat(grant.expires_at)
    if expires_at.tzinfo is None:
        expires_at = expires_at.replace(tzinfo=UTC)
    return max((expires_at - datetime.now(UTC)).total_seconds() - MARGIN_S, MIN_TRUST_S)
