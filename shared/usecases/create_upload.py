"""Open an upload session: a job with one task per file."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from shared.clock import Clock, utc_now
from shared.domain.ids import asset_id_of, job_id_at, task_id_at
from shared.domain.job import Job, JobKind, open_job
from shared.domain.presets import CONTENT_TYPES
from shared.domain.quotas import Holding, check_files, check_holding
from shared.domain.task import UPLOAD_STAGES, Mark, Outcome, Task, TaskStatus, completed, pending
from shared.errors import FileTooLarge, InvalidRequest, TooManyFiles, UnsupportedFormat
from shared.schemas import MAX_FILES, MAX_GRANTS, CreateUpload, FileToUpload, GrantedTask, UploadCreated
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore
from shared.stores.jobs import JobStore
from shared.stores.tenants import TenantStore
from shared.stores.usage import UsageStore
from shared.usecases.grant import grant, granted_until

MAX_ANSWER_BYTES = 6_291_556 - 4_096
"""What Lambda takes of a function as its answer, less room for the headers."""


@dataclass(frozen=True)
class Sessions:
    """What the use case works with."""

    jobs: JobStore
    catalog: CatalogStore
    tenants: TenantStore
    usage: UsageStore
    originals: OriginalStore
    max_bytes: int


def create_upload(request: CreateUpload, tenant: str, on: Sessions, clock: Clock = utc_now) -> UploadCreated:
    """A session for up to MAX_FILES files, with grants for the first MAX_GRANTS that are needed.

    A file whose SHA-256 is known in the project needs no upload: its task has ended already, as `exists`.
    Raises TooManyFiles (also where their names are so long that the answer could not be sent), InvalidRequest with one
    error per file that cannot be taken, or QuotaExceeded; nothing is made then.
    """
    _check(request.files, on.max_bytes)
    quotas = on.tenants.quotas_of(tenant)
    check_files(quotas, len(request.files))
    now = clock()
    job_id = job_id_at(now, secrets.token_bytes(10))
    known = on.catalog.known(asset_id_of(tenant, request.project, file.sha256) for file in request.files if file.sha256)
    if quotas.is_of_holding:
        check_holding(quotas, on.usage.holding(tenant), _declared(request, tenant, known))
    tasks = [_task(job_id, i, file, tenant, request.project, known, now) for i, file in enumerate(request.files)]
    job = open_job(job_id, JobKind.UPLOAD, tenant, request.project, tasks, now)
    if not job.is_ended:
        job = replace(job, granted_until=granted_until(now), quotas=quotas if quotas.is_of_holding else None)
    answer = UploadCreated(
        job_id=job_id,
        project=request.project,
        total=job.total,
        expires_at=job.expires_at,
        uploads=_granted(job, tasks, on.originals, now),
    )
    _check_answer(answer)
    on.tenants.note_project(tenant, request.project, now)
    on.jobs.create(job, tasks)
    return answer


def _check(files: Sequence[FileToUpload], max_bytes: int) -> None:
    if len(files) > MAX_FILES:
        raise TooManyFiles(f"One session takes {MAX_FILES} files.", limit=MAX_FILES, measured=len(files))
    errors: list[dict[str, object]] = []
    for i, file in enumerate(files):
        if file.bytes > max_bytes:
            errors.append(_file_error(i, "bytes", FileTooLarge) | {"limit": max_bytes, "measured": file.bytes})
        if file.content_type not in CONTENT_TYPES:
            errors.append(_file_error(i, "content_type", UnsupportedFormat))
    if errors:
        raise InvalidRequest(f"{len(errors)} of the files cannot be taken.", errors=errors)


def _check_answer(answer: UploadCreated) -> None:
    """Raises TooManyFiles for an answer that Lambda would not take, while nothing has been made yet.

    It travels as a JSON text within JSON, in which Lambda's older runtimes also escape what is not ASCII.
    """
    if len(json.dumps(answer.model_dump_json())) > MAX_ANSWER_BYTES:
        half = answer.total // 2
        detail = f"With names this long the answer is too large to send. Make sessions of {half} files."
        raise TooManyFiles(detail, limit=half, measured=answer.total)


def _declared(request: CreateUpload, tenant: str, known: set[str]) -> Holding:
    """What the session would add: of each content one, and nothing of what is known."""
    by_content = {file.sha256 or i: file for i, file in enumerate(request.files)}
    new = [
        file
        for file in by_content.values()
        if file.sha256 is None or asset_id_of(tenant, request.project, file.sha256) not in known
    ]
    return Holding(len(new), sum(file.bytes for file in new))


def _file_error(index: int, field: str, kind: type[FileTooLarge | UnsupportedFormat]) -> dict[str, object]:
    return {"loc": ["files", index, field], "code": kind.code, "detail": kind.title}


def _task(
    job_id: str, index: int, file: FileToUpload, tenant: str, project: str, known: set[str], now: datetime
) -> Task:
    asset_id = asset_id_of(tenant, project, file.sha256) if file.sha256 else None
    exists = asset_id in known
    stages = completed(UPLOAD_STAGES) if exists else pending(UPLOAD_STAGES)
    return Task(
        job_id=job_id,
        task_id=task_id_at(index),
        filename=file.filename,
        stages=stages,
        mark=Mark(stages, TaskStatus.COMPLETED if exists else TaskStatus.PENDING),
        content_type=file.content_type,
        bytes=file.bytes,
        sha256=file.sha256,
        asset_id=asset_id if exists else None,
        outcome=Outcome.EXISTS if exists else None,
        completed_at=now if exists else None,
    )


def _granted(job: Job, tasks: Sequence[Task], originals: OriginalStore, now: datetime) -> list[GrantedTask]:
    first = {task.task_id for task in [task for task in tasks if not task.is_ended][:MAX_GRANTS]}
    return [grant(task, job.tenant, originals, now, is_granted=task.task_id in first) for task in tasks]
