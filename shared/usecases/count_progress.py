"""Count what has become of a job's tasks: the one place where counters move."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from itertools import count

from shared.clock import Clock, utc_now
from shared.domain.projection import MAX_TASKS, project
from shared.errors import Transient
from shared.observability import logger
from shared.stores.jobs import JobStore

TRIES = 10


def count_progress(job_id: str, task_ids: Sequence[str], jobs: JobStore, clock: Clock = utc_now) -> None:
    """Bring a job's counters up to what its tasks say now. Safe to repeat, in any order, at once with others.

    Raises Transient when others keep moving the job at the same time.
    """
    for start in range(0, len(task_ids), MAX_TASKS):
        _count(job_id, task_ids[start : start + MAX_TASKS], jobs, clock)


def _count(job_id: str, task_ids: Sequence[str], jobs: JobStore, clock: Clock) -> None:
    for tried in count(1):
        job, tasks = jobs.read_with_tasks(job_id, task_ids)
        if job is None:
            return  # expired or never committed: there is nothing to count
        projection = project(job, tasks, clock())
        if projection is None:
            return
        if jobs.apply(projection, job):
            if projection.job.is_ended and not job.is_ended:
                logger.info("job ended", job_id=job_id, status=projection.job.status, total=job.total)
            return
        if tried == TRIES:
            raise Transient("The job is moving too fast to be counted now.")
        time.sleep(random.uniform(0, 0.02 * 2**tried))
