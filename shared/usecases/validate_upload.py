"""Take an uploaded original in as an asset, or refuse it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from shared.clock import Clock, utc_now
from shared.domain.asset import Asset, Original
from shared.domain.ids import asset_id_of
from shared.domain.imaging.inspect import ImageFacts, inspect_image
from shared.domain.job import Job, JobStatus, is_expired
from shared.domain.keys import OriginalKey, creator_of
from shared.domain.limits import Limits
from shared.domain.presets import THUMBNAIL
from shared.domain.stage import Stage
from shared.domain.task import ENDED_STAGE, UPLOAD_STAGES, Outcome, StageStatus, Task, pending
from shared.errors import HashMismatch, Transient
from shared.messages import AssetRequest, UploadedObject
from shared.observability import logger
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore
from shared.stores.jobs import JobStore
from shared.stores.queues import Queue
from shared.stores.tasks import TaskStore
from shared.usecases.attempt_stage import attempt_stage

OWNED = frozenset({Outcome.CREATED, Outcome.FAILED})
"""The outcomes of a task whose original belongs to an asset. Any other original is deleted."""


@dataclass(frozen=True)
class Validation:
    """What the use case works with."""

    jobs: JobStore
    tasks: TaskStore
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
    job, found = on.jobs.read_with_tasks(key.job_id, [key.task_id])
    task = found[0] if found else None
    if job is None or task is None or not _is_welcome(job, task, key, original, clock()):
        on.originals.delete(original)
        logger.info("upload deleted", job_id=key.job_id, task_id=key.task_id, version_id=original.version_id)
        return
    if task.stages[Stage.VALIDATION] in ENDED_STAGE:
        return
    took = attempt_stage(
        task.ref,
        Stage.VALIDATION,
        on.tasks,
        clock,
        lambda begun, _: _take_in(job, begun, original, on, clock),
        lambda _: on.originals.delete(original),
        original.version_id,
    )
    if not took:
        raise Transient("Another delivery of this upload was faster; the next one sees its result.")


def _is_welcome(job: Job, task: Task, key: OriginalKey, original: Original, now: datetime) -> bool:
    """False for every object that nobody will ever read: only those are deleted."""
    if job.tenant != key.tenant or is_expired(job, now):
        return False
    if task.version_id not in (None, original.version_id):
        return False  # a second upload with the same grant
    if task.stages[Stage.VALIDATION] in ENDED_STAGE:
        return task.version_id == original.version_id and task.outcome in OWNED and task.asset_id is not None
    return job.status is not JobStatus.CANCELLED


def _take_in(job: Job, task: Task, original: Original, on: Validation, clock: Clock) -> None:
    body = on.originals.read(original)
    sha256 = hashlib.sha256(body).hexdigest()
    if task.sha256 is not None and sha256 != task.sha256:
        raise HashMismatch("The bytes that arrived are not those whose SHA-256 was declared.")
    facts = inspect_image(body, on.limits)
    asset = _asset_of(job, task, original, sha256, len(body), facts, clock())
    standing = on.catalog.create(asset)
    if standing.creator != asset.creator:
        thumbnail = standing.renditions.get(THUMBNAIL)
        on.tasks.finish_as_existing(task, standing.asset_id, thumbnail.key if thumbnail else None, clock())
        on.originals.delete(original)
        logger.info("exists", job_id=task.job_id, task_id=task.task_id, asset_id=standing.asset_id)
        return
    request = AssetRequest(
        job_id=task.job_id,
        task_id=task.task_id,
        epoch=task.epoch,
        tenant=job.tenant,
        asset_id=asset.asset_id,
        creator=asset.creator,
        original=original,
        width=facts.width,
        height=facts.height,
    )
    # Sent before the fact is recorded: cut off in between, the next delivery sends again, and twice does no harm.
    on.renditions_queue.send(request)
    on.quality_queue.send(request)
    on.tasks.finish_stage(task.ref, Stage.VALIDATION, clock(), asset_id=asset.asset_id, outcome=Outcome.CREATED)
    logger.info("created", job_id=task.job_id, task_id=task.task_id, asset_id=asset.asset_id)


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
