"""Take an uploaded original in as an asset, or refuse it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.clock import Clock, utc_now
from shared.domain.asset import Asset, Original
from shared.domain.ids import asset_id_of
from shared.domain.imaging.inspect import ImageFacts, inspect_image
from shared.domain.job import Job, JobStatus
from shared.domain.keys import OriginalKey, creator_of
from shared.domain.limits import Limits
from shared.domain.presets import thumbnail_of
from shared.domain.stage import Stage
from shared.domain.task import ENDED_STAGE, UPLOAD_STAGES, Outcome, StageStatus, Task, pending
from shared.domain.upload import DISOWNED, is_wanted
from shared.errors import HashMismatch, QuotaExceeded, Transient
from shared.messages import ScoreRequest, UploadedObject, UploadEvent, request_of
from shared.observability import count, logger
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore
from shared.stores.queues import Queue
from shared.usecases.attempt_stage import Workbench, attempt_stage, verdict_of

LONGEST_WORK = timedelta(minutes=15)
"""No function runs longer. Who begins so long before the end of a job has done before the sweep thinks it is over."""

STRAY_AGE = timedelta(days=1)
"""A job is kept for two days after its end: news of an object this young has a task, if it ever had one."""


@dataclass(frozen=True)
class Validation:
    """What the use case works with."""

    bench: Workbench
    catalog: CatalogStore
    originals: OriginalStore
    renditions_queue: Queue
    quality_queue: Queue
    limits: Limits


def validate_upload(uploaded: UploadedObject, on: Validation, clock: Clock = utc_now) -> None:
    """Decide about one version of one uploaded object. Safe to run twice, in any order with a second upload."""
    key = OriginalKey.parse(uploaded.key)
    if key is None:
        logger.warning("an object that no task owns", key=uploaded.key)
        return
    original = Original(uploaded.key, uploaded.version_id)
    job, found = on.bench.jobs.read_with_tasks(key.job_id, [key.task_id])
    task = found[0] if found else None
    is_open = job is not None and not job.is_expired(clock() + LONGEST_WORK)
    if not _is_kept(job, task, is_open, original, on, clock):
        on.originals.delete(original)
        logger.info("upload deleted", job_id=key.job_id, task_id=key.task_id, version_id=original.version_id)
        return
    if job is None or task is None or not is_open or task.stages[Stage.VALIDATION] in ENDED_STAGE:
        return
    if task.epoch > 1 and not on.originals.is_there(original):
        return  # old news of an upload that came too late and was deleted, before the task was reopened
    attempt = attempt_stage(
        task.ref,
        job.tenant,
        Stage.VALIDATION,
        UploadEvent(objects=(uploaded,)),
        on.bench,
        clock,
        lambda begun, _: _take_in(job, begun, original, on, clock),
        version_id=original.version_id,
        may_begin=job.status is not JobStatus.CANCELLED,
    )
    if not attempt.is_begun:
        raise Transient("Another delivery of this upload was faster; the next one sees its result.")
    if attempt.failed_as in DISOWNED:
        on.originals.delete(original)


def _is_kept(
    job: Job | None, task: Task | None, is_open: bool, original: Original, on: Validation, clock: Clock
) -> bool:
    """False for an object that nobody will ever read. When in doubt it is kept: purge looks again, at leisure."""
    if task is None:
        # A stray is young; an old object may be the original of an asset whose job was removed since.
        return not on.originals.is_younger(original, STRAY_AGE, clock())
    may_begin = is_open and job is not None and job.status is not JobStatus.CANCELLED
    return is_wanted(task, original.version_id, may_begin=may_begin)


def _take_in(job: Job, task: Task, original: Original, on: Validation, clock: Clock) -> None:
    body = on.originals.read(original)
    sha256 = hashlib.sha256(body).hexdigest()
    if task.sha256 is not None and sha256 != task.sha256:
        raise HashMismatch("The bytes that arrived are not those whose SHA-256 was declared.")
    facts = inspect_image(body, on.limits)
    asset = _asset_of(job, task, original, sha256, len(body), facts, clock())
    try:
        standing = _create(asset, job, task, on)
    except QuotaExceeded as error:
        _turn_away(error, task, original, on, clock)
        return
    if standing.creator != asset.creator:
        thumbnail = thumbnail_of(standing.renditions.values())
        on.bench.tasks.finish_as_existing(task, standing.asset_id, thumbnail.key if thumbnail else None, clock())
        on.originals.delete(original)
        logger.info("exists", job_id=task.job_id, task_id=task.task_id, asset_id=standing.asset_id)
        return
    # Sent before the fact is recorded: cut off in between, the next delivery sends again, and twice does no harm.
    request = request_of(task.ref, asset, is_begun=True)
    on.renditions_queue.send(request)
    on.quality_queue.send(ScoreRequest(assets=(request,)))
    on.bench.tasks.finish_stage(task.ref, Stage.VALIDATION, clock(), asset_id=asset.asset_id)
    count("ImagesAccepted")
    logger.info("created", job_id=task.job_id, task_id=task.task_id, asset_id=asset.asset_id)


def _create(asset: Asset, job: Job, task: Task, on: Validation) -> Asset:
    if job.quotas is None:
        return on.catalog.create(asset)
    return on.catalog.admit(asset, job.quotas, on.bench.tasks.latest_attempt(task, Stage.VALIDATION))


def _turn_away(error: QuotaExceeded, task: Task, original: Original, on: Validation, clock: Clock) -> None:
    """Refuse what there is no room for, unless a later attempt has begun: room may have come, and that one decides.

    Of two deliveries at once one could otherwise take in what the other deletes.
    """
    number = task.attempts[Stage.VALIDATION]
    if not on.bench.tasks.fail_stage(
        task.ref, Stage.VALIDATION, verdict_of(error), Outcome.REFUSED, clock(), attempt=number
    ):
        raise Transient("Another delivery of this upload decides about it.")
    on.originals.delete(original)
    logger.info("refused", job_id=task.job_id, task_id=task.task_id, code=error.code)


def _asset_of(
    job: Job, task: Task, original: Original, sha256: str, size: int, facts: ImageFacts, now: datetime
) -> Asset:
    return Asset(
        asset_id=asset_id_of(job.tenant, job.project, sha256),
        tenant=job.tenant,
        project=job.project,
        creator=creator_of(task.job_id, task.task_id),
        filename=task.filename,
        content_hash=sha256,
        original=original,
        format=facts.format,
        width=facts.width,
        height=facts.height,
        bytes=size,
        color_space=facts.color_space,
        created_at=now,
        exif=facts.exif,
        stages={**pending(UPLOAD_STAGES), Stage.VALIDATION: StageStatus.COMPLETED},
    )
