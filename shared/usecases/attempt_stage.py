"""One attempt at one stage of a task: begun, done, and its verdict recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.clock import Clock
from shared.domain.job import JobStatus
from shared.domain.poison import PoisonRecord, poison_id_of
from shared.domain.stage import Stage
from shared.domain.task import MAX_ATTEMPTS, Outcome, Task, TaskError, TaskRef
from shared.errors import DarkroomError, Refused, WorkerDied
from shared.messages import Message
from shared.observability import count, logger
from shared.stores.jobs import JobStore
from shared.stores.poison import PoisonStore
from shared.stores.tasks import TaskStore

Work = Callable[[Task, int], None]
"""Takes the task as begun and the number of the attempt, counted from 1."""

NoteFailure = Callable[[int, TaskError], None]
"""Notes elsewhere that the stage has failed for good, after so many attempts. Called before the task is told."""


@dataclass(frozen=True)
class Attempt:
    """What came of an attempt: whether it was begun at all, and as what the stage failed for good, if it did."""

    is_begun: bool
    failed_as: Outcome | None = None


@dataclass(frozen=True)
class Workbench:
    """What every worker works with."""

    jobs: JobStore
    tasks: TaskStore
    poison: PoisonStore


def attempt_stage(  # noqa: PLR0913, PLR0917 - the one way that work on a stage is begun
    ref: TaskRef,
    tenant: str,
    stage: Stage,
    message: Message,
    bench: Workbench,
    clock: Clock,
    work: Work,
    note_failure: NoteFailure = lambda _, __: None,
    version_id: str | None = None,
    may_begin: bool | None = None,
) -> Attempt:
    """Work on a stage, unless it has ended or its task was reopened.

    A task that is in flight goes on; whether any other may begin is read from its job, unless the caller knows it. A
    verdict (a permanent error) is recorded and swallowed. A transient error is raised, to be tried again, until the
    last attempt: then it becomes the verdict, and a poison record keeps the message. An attempt past the last means
    that the earlier ones died without a word.
    """
    if may_begin is None:
        job = bench.jobs.find(ref.job_id, clock())
        may_begin = job is not None and job.status is not JobStatus.CANCELLED
    begun = bench.tasks.begin_stage(ref, stage, clock(), version_id, is_first_allowed=may_begin)
    if begun is None:
        return Attempt(is_begun=False)
    number = begun.attempts[stage]
    try:
        if number > MAX_ATTEMPTS:
            raise WorkerDied
        work(begun, number)
    except DarkroomError as error:
        if error.is_transient and number < MAX_ATTEMPTS:
            raise
        note_failure(number, verdict_of(error))
        if error.is_transient or isinstance(error, WorkerDied):
            note_poison(error, tenant, begun, stage, message, bench, clock)
        return Attempt(is_begun=True, failed_as=_record(error, begun, stage, bench, clock))
    return Attempt(is_begun=True)


def note_poison(
    error: DarkroomError,
    tenant: str,
    task: Task,
    stage: Stage,
    message: Message | None,
    bench: Workbench,
    clock: Clock,
) -> None:
    """Open the circuit: nothing touches the stage again until someone calls retry. The record keeps the message."""
    bench.poison.keep(
        PoisonRecord(
            poison_id=poison_id_of(task.ref, stage),
            tenant=tenant,
            job_id=task.job_id,
            task_id=task.task_id,
            epoch=task.epoch,
            asset_id=task.asset_id,
            stage=stage,
            code=error.code,
            detail=error.detail,
            attempts=task.attempts.get(stage, 0),
            failed_at=clock(),
            filename=task.filename,
            message=message.model_dump_json() if message else None,
        )
    )
    count("PoisonRecords")


def verdict_of(error: DarkroomError) -> TaskError:
    return TaskError(error.code, error.detail, error.limit, error.measured)


def _record(error: DarkroomError, task: Task, stage: Stage, bench: Workbench, clock: Clock) -> Outcome:
    outcome = Outcome.REFUSED if isinstance(error, Refused) and stage is Stage.VALIDATION else Outcome.FAILED
    bench.tasks.fail_stage(task.ref, stage, verdict_of(error), outcome, clock())
    logger.info("stage failed", job_id=task.job_id, task_id=task.task_id, stage=stage, code=error.code)
    return outcome
