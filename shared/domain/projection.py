"""The projection: what the facts on a job's tasks mean for its counters. Assumes nothing about order or repetition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.job import Job, settle
from shared.domain.pace import observe
from shared.domain.task import Mark, Task

MAX_TASKS = 99
"""One transaction holds a hundred items: these tasks and their job."""


@dataclass(frozen=True)
class Projection:
    """A job as it becomes, and the tasks that it now counts, each with its new mark; applied whole or not at all."""

    job: Job
    counted: tuple[tuple[Task, Mark], ...]


def project(job: Job, tasks: Iterable[Task], now: datetime) -> Projection | None:
    """Count every task whose stages are not what was last counted of it. None when there is nothing to count."""
    counted = tuple((task, mark) for task in tasks if (mark := mark_of(task)) != task.mark)
    if not counted:
        return None
    counts = Counter(job.counts)
    for task, mark in counted:
        counts[task.mark.status] -= 1
        counts[mark.status] += 1
    moved = replace(job, counts=dict(counts), seq=job.seq + 1, updated_at=now)
    moved = replace(moved, pace=observe(job.pace, now, moved.ended_tasks))
    return Projection(settle(moved, now), counted)


def mark_of(task: Task) -> Mark:
    return Mark(dict(task.stages), task.status)
