"""One attempt at one stage of a task: begun, done, and its verdict recorded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from shared.clock import Clock
from shared.domain.stage import Stage
from shared.domain.task import MAX_ATTEMPTS, Outcome, Task, TaskError, TaskRef
from shared.errors import DarkroomError, Refused, Transient, WorkerDied
from shared.observability import logger
from shared.stores.tasks import TaskStore

Work = Callable[[Task, int], None]
"""Takes the task as begun and the number of the attempt, counted from 1."""

Failed = Callable[[int], None]
"""What else to note when the stage has failed for good."""


def attempt_stage(
    ref: TaskRef,
    stage: Stage,
    tasks: TaskStore,
    clock: Clock,
    work: Work,
    failed: Failed,
    version_id: str | None = None,
) -> bool:
    """Work on a stage unless it has ended or its task was reopened; False when it was not begun.

    A verdict (a permanent error) is recorded and swallowed. A transient error is raised, to be tried again, until the
    last attempt: then it becomes the verdict. An attempt past the last means that the earlier ones died without a word.
    """
    begun = tasks.begin_stage(ref, stage, clock(), version_id)
    if begun is None:
        return False
    number = begun.attempts[stage]
    try:
        if number > MAX_ATTEMPTS:
            raise WorkerDied
        work(begun, number)
    except Transient as error:
        if number < MAX_ATTEMPTS:
            raise
        _record_failure(error, begun, stage, tasks, clock())
        failed(number)
    except DarkroomError as error:
        _record_failure(error, begun, stage, tasks, clock())
        failed(number)
    return True


def _record_failure(error: DarkroomError, task: Task, stage: Stage, tasks: TaskStore, now: datetime) -> None:
    outcome = Outcome.REFUSED if isinstance(error, Refused) and stage is Stage.VALIDATION else Outcome.FAILED
    verdict = TaskError(error.code, error.detail, error.limit, error.measured)
    tasks.fail_stage(task.ref, stage, verdict, outcome, now)
    logger.info("stage failed", job_id=task.job_id, task_id=task.task_id, stage=stage, code=error.code)
