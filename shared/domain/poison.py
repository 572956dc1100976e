"""Poison records: what is kept of work that was given up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from shared.domain.ids import JOB_ID, TASK_ID
from shared.domain.stage import Stage
from shared.domain.task import TaskRef

POISON_ID = re.compile(rf"{JOB_ID.pattern}\.{TASK_ID.pattern}\.[a-z]+\.\d{{1,9}}")


@dataclass(frozen=True)
class PoisonRecord:
    """A stage of a task that used up its attempts. Until someone retries it, it is left alone."""

    poison_id: str
    tenant: str
    job_id: str
    task_id: str
    epoch: int
    asset_id: str | None
    stage: str
    code: str
    detail: str
    attempts: int
    failed_at: datetime
    filename: str | None = None
    message: str | None = None
    """The message that could not be worked off, as it was sent."""


def poison_id_of(task: TaskRef, stage: Stage) -> str:
    """One record for a stage in an epoch, however often its end is noted; newest jobs sort last."""
    return f"{task.job_id}.{task.task_id}.{stage}.{task.epoch}"
