"""A job: a fixed set of tasks, and the counters that the projector keeps of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import floor

from shared.domain.pace import Pace
from shared.domain.quotas import Quotas
from shared.domain.stage import Stage
from shared.domain.task import ENDED_TASK, Task, TaskStatus


class JobKind(StrEnum):
    UPLOAD = "upload"
    QUALITY = "quality"
    RENDITIONS = "renditions"
    RETRY = "retry"
    """Takes up an asset's failed stages again after the job that they failed in is gone."""


WALKS: Mapping[JobKind, tuple[Stage, ...]] = {
    JobKind.QUALITY: (Stage.QUALITY,),
    JobKind.RENDITIONS: (Stage.THUMBNAILS, Stage.VARIANTS),
}
"""The kinds that walk a manifest of a project's images, and the stages of their tasks."""

ONE_AT_A_TIME = frozenset(WALKS)
"""The kinds of which a project has one active job at most."""


class JobStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED_JOB = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})

LIFE_AFTER_END = timedelta(hours=48)
LIFE_WHILE_OPEN = timedelta(days=14)
"""From the last time that its counters moved, so a job may run for longer. No queue keeps a message as long."""


@dataclass(frozen=True)
class Job:
    """`counts` holds every task under its counted status, so its sum is `total` at any moment."""

    job_id: str
    kind: JobKind
    tenant: str
    project: str
    total: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime
    counts: Mapping[TaskStatus, int]
    status: JobStatus = JobStatus.PENDING
    seq: int = 0
    epoch: int = 1
    started_at: datetime | None = None
    completed_at: datetime | None = None
    is_frozen: bool = True
    """Whether the total is fixed: false only while a large manifest is being written."""
    granted_until: datetime | None = None
    """Until when the youngest grant of an upload session works."""
    error: str | None = None
    pace: Pace = field(default_factory=Pace)
    announced_epoch: int = 0
    """The last epoch whose completion was announced."""
    reconciled_to: str | None = None
    """Where `reconcile` ran out of time among the tasks; None once it has looked at the last of them."""
    quotas: Quotas | None = None
    """Of the tenant, as they were when the session was opened; None where none limits what it may hold."""

    @property
    def ended_tasks(self) -> int:
        return sum(self.counts.get(status, 0) for status in ENDED_TASK)

    @property
    def remaining(self) -> int:
        return self.total - self.ended_tasks

    @property
    def progress_pct(self) -> float:
        if not self.is_frozen:
            return 0.0
        # Rounded down: 100.0 is for the end alone.
        return floor(1000 * self.ended_tasks / self.total) / 10 if self.total else 100.0

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED_JOB

    @property
    def is_open(self) -> bool:
        """Whether something of it may still move: also of a cancelled job, while tasks are in flight."""
        in_flight = self.status is JobStatus.CANCELLED and self.counts.get(TaskStatus.PROCESSING, 0) > 0
        return in_flight or not self.is_ended

    def is_expired(self, now: datetime) -> bool:
        """DynamoDB deletes late; a record past its time is as good as gone."""
        return self.expires_at <= now


def open_job(job_id: str, kind: JobKind, tenant: str, project: str, tasks: Iterable[Task], now: datetime) -> Job:
    """The job of these tasks, counted as they are; a job with nothing left to do is completed at once."""
    counts = Counter(task.status for task in tasks)
    job = _new_job(job_id, kind, tenant, project, now)
    return settle(replace(job, total=counts.total(), counts=counts), now)


def open_walk(job_id: str, kind: JobKind, tenant: str, project: str, now: datetime) -> Job:
    """A job whose tasks come from a manifest that is yet to be frozen."""
    return replace(_new_job(job_id, kind, tenant, project, now), is_frozen=False)


def _new_job(job_id: str, kind: JobKind, tenant: str, project: str, now: datetime) -> Job:
    return Job(
        job_id=job_id,
        kind=kind,
        tenant=tenant,
        project=project,
        total=0,
        created_at=now,
        updated_at=now,
        expires_at=now + LIFE_WHILE_OPEN,
        counts={},
    )


def freeze(job: Job, total: int, now: datetime) -> Job:
    """The job with its total fixed, for good."""
    counts = {**job.counts, TaskStatus.PENDING: total}
    return settle(replace(job, is_frozen=True, total=total, counts=counts, seq=job.seq + 1, updated_at=now), now)


def settle(job: Job, now: datetime) -> Job:
    """The job with the status that its counters ask for. Cancelled and failed stay as they are."""
    if job.is_ended or not job.is_frozen:
        return job
    if job.remaining == 0:
        return replace(
            job,
            status=JobStatus.COMPLETED,
            started_at=job.started_at or now,
            completed_at=now,
            expires_at=now + LIFE_AFTER_END,
        )
    job = replace(job, expires_at=now + LIFE_WHILE_OPEN)
    if job.counts.get(TaskStatus.PENDING, 0) < job.total:
        return replace(job, status=JobStatus.PROCESSING, started_at=job.started_at or now)
    return job


def cancel(job: Job, now: datetime) -> Job:
    """The job as cancelled: what has not begun is skipped, what is in flight will finish and count."""
    counts = Counter(job.counts)
    counts[TaskStatus.SKIPPED] += counts.pop(TaskStatus.PENDING, 0)
    return replace(
        job,
        status=JobStatus.CANCELLED,
        is_frozen=True,
        counts=dict(counts),
        seq=job.seq + 1,
        updated_at=now,
        completed_at=now,
        expires_at=now + LIFE_AFTER_END,
    )


def give_up(job: Job, reason: str, now: datetime) -> Job:
    """The job as failed: the machinery, not the images, could not go on."""
    return replace(
        job,
        status=JobStatus.FAILED,
        error=reason,
        is_frozen=True,
        seq=job.seq + 1,
        updated_at=now,
        completed_at=now,
        expires_at=now + LIFE_AFTER_END,
    )


def revive(job: Job, now: datetime) -> Job:
    """A failed job at work again, as a new epoch."""
    return replace(
        job,
        status=JobStatus.PROCESSING,
        error=None,
        is_frozen=job.total > 0,
        epoch=job.epoch + 1,
        seq=job.seq + 1,
        updated_at=now,
        completed_at=None,
        expires_at=now + LIFE_WHILE_OPEN,
        pace=Pace(),
    )
