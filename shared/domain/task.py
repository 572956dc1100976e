"""A task: one image's part in a job. Its status follows from its stages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shared.domain.stage import Stage


class StageStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class TaskStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"


class TaskEvent(StrEnum):
    """What subscribers are told of a task by name."""

    THUMBNAILS_COMPLETED = "task:thumbnails_completed"
    VARIANTS_COMPLETED = "task:variants_completed"
    COMPLETED = "task:completed"
    FAILED = "task:failed"


class Outcome(StrEnum):
    CREATED = "created"
    EXISTS = "exists"
    REFUSED = "refused"
    EXPIRED = "expired"
    FAILED = "failed"
    SCORED = "scored"
    REBUILT = "rebuilt"
    SKIPPED = "skipped"


Stages = Mapping[Stage, StageStatus]

OUTCOMES = {
    frozenset({Stage.QUALITY}): Outcome.SCORED,
    frozenset({Stage.THUMBNAILS, Stage.VARIANTS}): Outcome.REBUILT,
}
"""What came of a task that completed all its stages, where these are its stages."""

UPLOAD_STAGES = (Stage.VALIDATION, Stage.THUMBNAILS, Stage.VARIANTS, Stage.QUALITY)

ENDED_STAGE = frozenset({StageStatus.COMPLETED, StageStatus.FAILED})
ENDED_TASK = frozenset({TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.SKIPPED})

# A stage's share of a task's progress, in percent: roughly its share of the work on a 12 MP JPEG.
STAGE_WEIGHTS = {Stage.VALIDATION: 20, Stage.THUMBNAILS: 30, Stage.VARIANTS: 30, Stage.QUALITY: 20}

MAX_ATTEMPTS = 4
"""The first attempt and three retries."""

BACKOFF_S = (2, 4, 8)
"""How long work waits before its second, third and fourth attempt."""

MAX_REDRIVES = 3
"""How often work that nothing was heard of is sent again before its task fails."""


@dataclass(frozen=True)
class TaskRef:
    """Names one task in one epoch: what is meant for an older epoch cannot touch it."""

    job_id: str
    task_id: str
    epoch: int = 1


@dataclass(frozen=True)
class TaskError:
    code: str
    detail: str
    limit: int | None = None
    measured: int | None = None


@dataclass(frozen=True)
class Mark:
    """What the projector last counted of a task."""

    stages: Stages
    status: TaskStatus


@dataclass(frozen=True)
class Task:
    job_id: str
    task_id: str
    filename: str
    stages: Stages
    mark: Mark
    epoch: int = 1
    content_type: str = ""
    bytes: int = 0
    sha256: str | None = None
    version_id: str | None = None
    """The version of the original that this task took: the first that was validated, never a later upload."""
    asset_id: str | None = None
    thumbnail_key: str | None = None
    outcome: Outcome | None = None
    error: TaskError | None = None
    attempts: Mapping[Stage, int] = field(default_factory=dict)
    event_seq: int = 0
    """The job's `seq` at the last change that was counted; 0 for none."""
    event_seqs: Mapping[TaskEvent, int] = field(default_factory=dict)
    """The job's `seq` at which each event last happened."""
    redrives: int = 0
    """How often its work was sent again because nothing was heard of it."""
    changed_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @property
    def ref(self) -> TaskRef:
        return TaskRef(self.job_id, self.task_id, self.epoch)

    @property
    def status(self) -> TaskStatus:
        return status_of(self.stages, self.outcome)

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED_TASK


def pending(stages: tuple[Stage, ...]) -> Stages:
    return dict.fromkeys(stages, StageStatus.PENDING)


def completed(stages: tuple[Stage, ...]) -> Stages:
    return dict.fromkeys(stages, StageStatus.COMPLETED)


def status_of(stages: Stages, outcome: Outcome | None = None) -> TaskStatus:
    """One failed stage fails the task; all completed complete it; none begun leaves it pending."""
    if outcome is Outcome.SKIPPED:
        return TaskStatus.SKIPPED
    statuses = set(stages.values())
    if StageStatus.FAILED in statuses:
        return TaskStatus.FAILED
    if statuses <= {StageStatus.COMPLETED}:
        return TaskStatus.COMPLETED
    if statuses == {StageStatus.PENDING}:
        return TaskStatus.PENDING
    return TaskStatus.PROCESSING


def happened(before: Mark, after: Mark) -> set[TaskEvent]:
    """The events between what was counted of a task before and what is counted now."""
    return _truths(after) - _truths(before)


def _truths(mark: Mark) -> set[TaskEvent]:
    truths = {
        TaskEvent.THUMBNAILS_COMPLETED: mark.stages.get(Stage.THUMBNAILS) is StageStatus.COMPLETED,
        TaskEvent.VARIANTS_COMPLETED: mark.stages.get(Stage.VARIANTS) is StageStatus.COMPLETED,
        TaskEvent.COMPLETED: mark.status is TaskStatus.COMPLETED,
        TaskEvent.FAILED: mark.status is TaskStatus.FAILED,
    }
    return {event for event, is_true in truths.items() if is_true}


def outcome_of(stages: Stages, noted: Outcome | None) -> Outcome | None:
    """What came of a task: what was noted, or for one that completed without a note, what its stages were for."""
    if noted is not None or status_of(stages) is not TaskStatus.COMPLETED:
        return noted
    return OUTCOMES.get(frozenset(stages), Outcome.CREATED)


def progress_pct(stages: Stages, status: TaskStatus) -> float:
    """How far a task is, 0 to 100, from the weights of its completed stages; an ended task is at 100."""
    if status in ENDED_TASK:
        return 100.0
    done = sum(STAGE_WEIGHTS[stage] for stage, state in stages.items() if state is StageStatus.COMPLETED)
    return round(100 * done / sum(STAGE_WEIGHTS[stage] for stage in stages), 1)
