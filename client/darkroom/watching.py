"""Watches any job until it ends, and its tasks as they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from darkroom.api import Client
from darkroom.errors import UnexpectedAnswer
from darkroom.models import Job, Task


def read_job(client: Client, job_id: str) -> Job:
    """A job's counts now."""
    job = client.get_job(job_id)
    if job is None:
        raise UnexpectedAnswer("The API called a job unchanged that was not asked for before.")
    return job


def watch(client: Client, job_id: str, *, sleep: Callable[[float], object] = time.sleep) -> Iterator[Job]:
    """A job now, and again each time it has changed, until it has ended. What is unchanged costs no more than a 304."""
    job = read_job(client, job_id)
    yield job
    while not job.is_ended:
        sleep(job.poll_after_s)
        if newer := client.get_job(job_id, etag=job.etag):
            job = newer
            yield job


class EndedTasks:
    """The tasks of a job that have ended since it was last asked, each once."""

    def __init__(self, client: Client, job_id: str, since: int) -> None:
        self._client = client
        self._job_id = job_id
        self._since = since
        self._last: set[tuple[str, str | None]] = set()

    def read(self, job: Job) -> list[Task]:
        """Those of the time up to this snapshot of the job, or a little later."""
        # A listing may run ahead of the snapshot before it, so the next one may begin with tasks of this one.
        ended = [
            task for task in self._client.list_tasks(self._job_id, None, changed_since=self._since) if task.is_ended
        ]
        seen, self._last = self._last, {(task.task_id, task.completed_at) for task in ended}
        self._since = job.seq
        return [task for task in ended if (task.task_id, task.completed_at) not in seen]
