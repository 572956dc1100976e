"""Domain values as the API shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from shared.domain.asset import Asset
from shared.domain.job import Job, JobStatus
from shared.domain.pace import eta_s, poll_after_ms
from shared.domain.presets import thumbnail_of
from shared.domain.scoring import explain, read_score
from shared.domain.stage import Stage
from shared.domain.task import ENDED_TASK, Outcome, Task, TaskStatus, progress_pct
from shared.schemas import (
    AssetSummary,
    AssetView,
    ErrorView,
    ExplanationView,
    NearestView,
    QualitySummary,
    QualityView,
    RenditionView,
    TaskView,
)

Sign = Callable[[str], str]
"""From an S3 key to a URL that works for a while."""


def job_fields(job: Job, now: datetime) -> dict[str, Any]:
    """The fields of a JobView."""
    return {
        "job_id": job.job_id,
        "kind": job.kind,
        "project": job.project,
        "status": job.status,
        "total": job.total if job.is_frozen else None,
        "pending": job.counts.get(TaskStatus.PENDING, 0),
        "processing": job.counts.get(TaskStatus.PROCESSING, 0),
        "processed": job.counts.get(TaskStatus.COMPLETED, 0),
        "failed": job.counts.get(TaskStatus.FAILED, 0),
        "skipped": job.counts.get(TaskStatus.SKIPPED, 0),
        "remaining": job.remaining,
        "progress_pct": job.progress_pct,
        "eta_s": None if job.is_ended else eta_s(job.pace, job.remaining, now),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "completed_at": job.completed_at,
        "updated_at": job.updated_at,
        "expires_at": job.expires_at,
        "error": job.error,
        "poll_after_ms": poll_after_ms(job.pace, job.remaining, job.is_ended, job.updated_at, now),
        "seq": job.seq,
        "epoch": job.epoch,
    }


def task_view(task: Task, job: Job, sign: Sign) -> TaskView:
    status = task.status
    if status is TaskStatus.PENDING and job.status is JobStatus.CANCELLED:
        status = TaskStatus.SKIPPED
    return TaskView(
        task_id=task.task_id,
        filename=task.filename,
        status=status,
        progress_pct=progress_pct(task.stages, status),
        outcome=Outcome.SKIPPED if status is TaskStatus.SKIPPED else task.outcome if status in ENDED_TASK else None,
        asset_id=task.asset_id,
        thumbnail_url=sign(task.thumbnail_key) if task.thumbnail_key else None,
        stages={stage.value: state.value for stage, state in task.stages.items()},
        attempts=max(task.attempts.values(), default=0),
        started_at=task.started_at,
        completed_at=task.completed_at if status in ENDED_TASK else None,
        error=ErrorView(**vars(task.error)) if task.error else None,
        seq=task.event_seq,
    )


def asset_view(asset: Asset, sign: Sign) -> AssetView:
    return AssetView(
        asset_id=asset.asset_id,
        project=asset.project,
        filename=asset.filename,
        content_hash=asset.content_hash,
        format=asset.format,
        width=asset.width,
        height=asset.height,
        bytes=asset.bytes,
        color_space=asset.color_space,
        created_at=asset.created_at,
        exif=dict(asset.exif),
        stages={stage.value: state.value for stage, state in asset.stages.items()},
        attempts=max(asset.attempts.values(), default=0),
        errors={stage.value: ErrorView(**vars(error)) for stage, error in asset.errors.items()},
        renditions=[
            RenditionView(
                preset=rendition.preset,
                format=rendition.format,
                width=rendition.width,
                height=rendition.height,
                bytes=rendition.bytes,
                quality=rendition.quality,
                recipe=rendition.recipe,
                url=sign(rendition.key),
            )
            for rendition in sorted(
                asset.renditions.values(), key=lambda rendition: (rendition.width, rendition.preset)
            )
        ],
        quality=_quality_view(asset),
    )


def asset_summary(asset: Asset, sign: Sign) -> AssetSummary:
    """An asset as lists show it."""
    thumbnail = thumbnail_of(asset.renditions.values())
    quality = asset.quality or {}
    summary = {**quality, "status": asset.stages[Stage.QUALITY].value, "scored_at": quality.get("computed_at")}
    return AssetSummary(
        asset_id=asset.asset_id,
        filename=asset.filename,
        created_at=asset.created_at,
        width=asset.width,
        height=asset.height,
        bytes=asset.bytes,
        format=asset.format,
        status=asset.status,
        stages={stage.value: state.value for stage, state in asset.stages.items()},
        thumbnail_url=sign(thumbnail.key) if thumbnail else None,
        quality=QualitySummary.model_validate(summary),
        nearest=_nearest_view(asset),
    )


def _nearest_view(asset: Asset) -> NearestView | None:
    return NearestView(asset_id=asset.nearest.asset_id, distance=asset.nearest.distance) if asset.nearest else None


def _quality_view(asset: Asset) -> QualityView:
    status = asset.stages[Stage.QUALITY].value
    nearest = _nearest_view(asset)
    if asset.quality is None:
        return QualityView(status=status, nearest=nearest)
    score = read_score(asset.quality)
    explanation = ExplanationView.model_validate(asdict(explain(score))) if score else None
    return QualityView.model_validate(
        {**asset.quality, "status": status, "nearest": nearest, "explanation": explanation}
    )
