"""The projection: what the facts on a job's tasks mean for its counters. Assumes nothing about order or repetition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain.job import LIFE_WHILE_OPEN, Job, JobStatus, settle
from shared.domain.pace import Pace, observe
from shared.domain.task import Mark, Outcome, Stages, StageStatus, Task, TaskStatus, status_of

RETRIABLE = frozenset({Outcome.FAILED})
"""A refused image stays refused; an upload that never came needs a new grant."""

MAX_TASKS = 99
"""One transaction holds a hundred items: these tasks and their job."""


@dataclass(frozen=True)
class Projection:
    """A job as it becomes, and the tasks that it now counts, each with its new mark; applied whole or not at all."""

    job: Job
    counted: tuple[tuple[Task, Mark], ...]


def project(job: Job, tasks: Iterable[Task], now: datetime) -> Projection | None:
    """Count every task whose stages are not what was last counted of it. None when there is nothing to count."""
    counted = tuple(
        (task, mark) for task in tasks if (mark := mark_of(task)) != task.mark and not _waits_for_its_end(job, task)
    )
    if not counted:
        return None
    counts = Counter(job.counts)
    for task, mark in counted:
        counts[_counted_as(job, task.mark)] -= 1
        counts[mark.status] += 1
    moved = replace(job, counts=dict(counts), seq=job.seq + 1, updated_at=now)
    moved = replace(moved, pace=observe(job.pace, now, moved.ended_tasks))
    return Projection(settle(moved, now), counted)


def _counted_as(job: Job, mark: Mark) -> TaskStatus:
    """Cancelling a job counts all its pending tasks as skipped at once, without a write to each."""
    is_skipped = job.status is JobStatus.CANCELLED and mark.status is TaskStatus.PENDING
    return TaskStatus.SKIPPED if is_skipped else mark.status


def _waits_for_its_end(job: Job, task: Task) -> bool:
    """Begun just before the cancel and counted as skipped by it: moved at its end only, so progress never falls."""
    return _counted_as(job, task.mark) is not task.mark.status and not task.is_ended


def reopen(
    job: Job, tasks: Iterable[Task], now: datetime, outcomes: Collection[Outcome] = RETRIABLE
) -> Projection | None:
    """Put failed tasks of these outcomes back to work under a new epoch. None when none of them can be.

    What was completed stays so; every other stage begins anew. The job goes on, or runs again, as a new epoch too.
    """
    if job.status is JobStatus.CANCELLED:
        return None
    reopened = tuple(
        (task, Mark(stages, status_of(stages)))
        for task in tasks
        if task.mark.status is TaskStatus.FAILED and task.outcome in outcomes and (stages := _reopened_stages(task))
    )
    if not reopened:
        return None
    counts = Counter(job.counts)
    for task, mark in reopened:
        counts[task.mark.status] -= 1
        counts[mark.status] += 1
    running = replace(
        job,
        status=JobStatus.PROCESSING,
        counts=dict(counts),
        seq=job.seq + 1,
        epoch=job.epoch + 1,
        error=None,
        updated_at=now,
        started_at=now if job.is_ended else job.started_at,
        completed_at=None,
        expires_at=now + LIFE_WHILE_OPEN,
        pace=Pace(),
    )
    return Projection(running, reopened)


def _reopened_stages(task: Task) -> Stages:
    return {
        stage: state if state is StageStatus.COMPLETED else StageStatus.PENDING for stage, state in task.stages.items()
    }


def mark_of(task: Task) -> Mark:
    return Mark(dict(task.stages), task.status)
