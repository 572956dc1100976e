"""A job: a fixed set of tasks, and the counters that the projector keeps of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from shared.domain.pace import Pace
from shared.domain.task import ENDED_TASK, Task, TaskStatus


class JobKind(StrEnum):
    UPLOAD = "upload"


class JobStatus(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED_JOB = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})

LIFE_AFTER_END = timedelta(hours=48)
LIFE_WHILE_OPEN = timedelta(days=14)
"""Longer than any queue keeps a message, so that no task outlives its job."""


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
    granted_until: datetime | None = None
    """Until when the youngest grant of an upload session works."""
    error: str | None = None
    pace: Pace = field(default_factory=Pace)

    @property
    def ended_tasks(self) -> int:
        return sum(self.counts.get(status, 0) for status in ENDED_TASK)

    @property
    def remaining(self) -> int:
        return self.total - self.ended_tasks

    @property
    def progress_pct(self) -> float:
        return round(100 * self.ended_tasks / self.total, 1) if self.total else 100.0

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED_JOB


def open_job(job_id: str, kind: JobKind, tenant: str, project: str, tasks: Iterable[Task], now: datetime) -> Job:
    """The job of these tasks, counted as they are; a job with nothing left to do is completed at once."""
    counts = Counter(task.status for task in tasks)
    job = Job(
        job_id=job_id,
        kind=kind,
        tenant=tenant,
        project=project,
        total=counts.total(),
        created_at=now,
        updated_at=now,
        expires_at=now + LIFE_WHILE_OPEN,
        counts=counts,
    )
    return settle(job, now)


def settle(job: Job, now: datetime) -> Job:
    """The job with the status that its counters ask for. Cancelled and failed stay as they are."""
    if job.is_ended:
        return job
    if job.remaining == 0:
        return replace(
            job,
            status=JobStatus.COMPLETED,
            started_at=job.started_at or now,
            completed_at=now,
            expires_at=now + LIFE_AFTER_END,
        )
    if job.counts.get(TaskStatus.PENDING, 0) < job.total:
        return replace(job, status=JobStatus.PROCESSING, started_at=job.started_at or now)
    return job


def is_expired(job: Job, now: datetime) -> bool:
    """DynamoDB deletes late; a record past its time is as good as gone."""
    return job.expires_at <= now
