"""Jobs and tasks to begin a test with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from shared.domain.ids import task_id_at
from shared.domain.job import Job, JobKind, open_job
from shared.domain.stage import Stage
from shared.domain.task import UPLOAD_STAGES, Mark, StageStatus, Task, TaskStatus, completed, pending

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TENANT = "tenant_00000000000000000000000000"
JOB = "job_01jdc3yb5n8x2c4v6b8n0m1k3j"


def task(index: int = 0) -> Task:
    """A task that waits for its file."""
    stages = pending(UPLOAD_STAGES)
    return Task(JOB, task_id_at(index), f"{index}.jpg", stages, Mark(stages, TaskStatus.PENDING))


def known(index: int = 0) -> Task:
    """A task whose file is an asset already."""
    stages = completed(UPLOAD_STAGES)
    return replace(task(index), stages=stages, mark=Mark(stages, TaskStatus.COMPLETED))


def moved(found: Task, changes: Mapping[Stage, StageStatus]) -> Task:
    """The task after facts that have not been counted yet."""
    return replace(found, stages={**found.stages, **changes})


def done(found: Task) -> Task:
    return moved(found, completed(UPLOAD_STAGES))


def failed(found: Task) -> Task:
    return moved(found, {Stage.VALIDATION: StageStatus.FAILED})


def job(*tasks: Task, now: datetime = NOW) -> Job:
    return open_job(JOB, JobKind.UPLOAD, TENANT, "shop", tasks, now)


def counted(tasks: Sequence[Task], marks: Sequence[tuple[Task, Mark]]) -> list[Task]:
    """The tasks once a projection's marks are written on them."""
    by_id = {found.task_id: mark for found, mark in marks}
    return [replace(found, mark=by_id.get(found.task_id, found.mark)) for found in tasks]
