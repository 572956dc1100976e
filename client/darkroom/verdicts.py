"""What became of each file."""

from __future__ import annotations

from dataclasses import dataclass

from darkroom.errors import ApiError, FieldError
from darkroom.files import LocalFile
from darkroom.models import Job, Task, TaskError

FINE = frozenset({"created", "exists"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """`outcome` is the task's, in the server's words: created exists refused expired failed skipped.

    `code`, `detail`, `limit` and `measured` say why, where it is not fine. `task_id` is empty for a file that the
    server refused by its declaration, or that could not be read.
    """

    file: LocalFile
    outcome: str
    asset_id: str | None = None
    job_id: str = ""
    task_id: str = ""
    code: str = ""
    detail: str = ""
    limit: float | None = None
    measured: float | None = None

    @property
    def is_fine(self) -> bool:
        return self.outcome in FINE


def by_task(file: LocalFile, job: Job, task: Task, fault: TaskError | None) -> Verdict:
    """The server's word on a task; where it has none yet, the fault that kept the file here."""
    if not task.is_ended:
        reason = fault or TaskError("unfinished", f"The job ended as {job.status} before this file had its turn.")
        return _with_reason(Verdict(file, "failed", None, job.job_id, task.task_id), reason)
    outcome = task.outcome or {"completed": "created", "failed": "failed"}.get(task.status, "skipped")
    return _with_reason(Verdict(file, outcome, task.asset_id, job.job_id, task.task_id), task.error)


def by_declaration(file: LocalFile, refusal: FieldError) -> Verdict:
    """The server's word on a file that it would not even open a task for."""
    return Verdict(
        file, "refused", code=refusal.code, detail=refusal.detail, limit=refusal.limit, measured=refusal.measured
    )


def by_read_error(file: LocalFile, error: OSError) -> Verdict:
    """The verdict on a file that this machine cannot read."""
    return Verdict(file, "failed", code="unreadable_file", detail=error.strerror or "The file cannot be read.")


def refused_files(error: ApiError) -> dict[int, FieldError]:
    """Which of the declared files (by position) the server refuses, each with its first reason."""
    refused: dict[int, FieldError] = {}
    for fault in error.errors:
        match fault.loc:
            case ("files", int(position), *_) | ("body", "files", int(position), *_):
                refused.setdefault(position, fault)
    return refused


def _with_reason(verdict: Verdict, reason: TaskError | None) -> Verdict:
    if reason is None:
        return verdict
    return Verdict(
        verdict.file,
        verdict.outcome,
        verdict.asset_id,
        verdict.job_id,
        verdict.task_id,
        reason.code,
        reason.detail,
        reason.limit,
        reason.measured,
    )
