"""Jobs, tasks, assets and keys as table rows, and back. Times are ISO 8601 in UTC, so that they sort as text."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta

from shared.domain import keys
from shared.domain.access import ApiKey, Scope
from shared.domain.asset import Asked, Asset, Nearest, Original, StoredRendition
from shared.domain.dispatch import Dispatch, QualityOptions
from shared.domain.grave import Grave, Place
from shared.domain.job import Job, JobKind, JobStatus
from shared.domain.member import Member
from shared.domain.pace import Pace
from shared.domain.poison import PoisonRecord
from shared.domain.presets import Mode, Preset
from shared.domain.quotas import Quotas
from shared.domain.stage import Stage
from shared.domain.task import Mark, Outcome, Stages, StageStatus, Task, TaskError, TaskEvent, TaskStatus, outcome_of
from shared.stores.dynamo import Item

TASK_LIFE = timedelta(days=30)
"""Longer than any message about the task can live, in its queue and then in a dead-letter queue."""
POISON_LIFE = timedelta(days=14)

BURIED_ASSET = "asset"
"""What the stream's filter looks for."""

COUNTERS = {
    TaskStatus.PENDING: "pending",
    TaskStatus.PROCESSING: "processing",
    TaskStatus.COMPLETED: "processed",
    TaskStatus.FAILED: "failed",
    TaskStatus.SKIPPED: "skipped",
}
"""The counter that holds the tasks of each status."""


def to_text(time: datetime | None) -> str | None:
    return time.astimezone(UTC).isoformat(timespec="microseconds") if time else None


def to_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _text(time: datetime) -> str:
    return to_text(time) or ""


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def to_epoch(time: datetime) -> int:
    """Seconds since 1970, as DynamoDB's TTL wants them."""
    return int(time.timestamp())


def from_epoch(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def job_key(job_id: str) -> Item:
    return {"pk": keys.job_pk(job_id), "sk": keys.JOB_ROW}


def task_key(job_id: str, task_id: str) -> Item:
    return {"pk": keys.job_pk(job_id), "sk": keys.task_sk(task_id)}


def dispatch_key(job_id: str) -> Item:
    return {"pk": keys.job_pk(job_id), "sk": keys.DISPATCH_ROW}


def latest_key(tenant: str, project: str, kind: JobKind) -> Item:
    """The row that names a project's latest job of a kind, the active one if there is one."""
    return {"pk": keys.project_pk(tenant, project), "sk": keys.latest_sk(kind)}


def poison_key(tenant: str, poison_id: str) -> Item:
    return {"pk": keys.poison_pk(tenant), "sk": poison_id}


def asset_key(asset_id: str) -> Item:
    return {"pk": keys.asset_pk(asset_id), "sk": keys.ASSET_ROW}


def nearest_key(nearest: Nearest, asset_id: str) -> Item:
    sk = keys.nearest_sk(_text(nearest.created_at), nearest.distance, asset_id)
    return {"pk": keys.asset_pk(nearest.asset_id), "sk": sk}


def job_progress(job: Job) -> Item:
    """The part of a job's row that changes with its tasks: written on condition that nobody else wrote it since."""
    return {
        **{name: job.counts.get(status, 0) for status, name in COUNTERS.items()},
        "status": job.status,
        "seq": job.seq,
        "started_at": to_text(job.started_at),
        "completed_at": to_text(job.completed_at),
        "updated_at": to_text(job.updated_at),
        "expires_at": to_epoch(job.expires_at),
        "pace": job.pace.samples,
        "open": keys.OPEN if job.is_open else None,
        "epoch": job.epoch,
        "total": job.total,
        "is_frozen": job.is_frozen,
        "error": job.error,
    }


def job_row(job: Job) -> Item:
    return {
        **job_key(job.job_id),
        **job_progress(job),
        "job_id": job.job_id,
        "kind": job.kind,
        "tenant": job.tenant,
        "project": job.project,
        "project_key": keys.project_key(job.tenant, job.project),
        "created_at": to_text(job.created_at),
        "granted_until": to_text(job.granted_until),
        "quotas": asdict(job.quotas) if job.quotas else None,
    }


def job_of(row: Item) -> Job:
    return Job(
        job_id=row["job_id"],
        kind=JobKind(row["kind"]),
        tenant=row["tenant"],
        project=row["project"],
        total=row["total"],
        created_at=_time(row["created_at"]),
        updated_at=_time(row["updated_at"]),
        expires_at=from_epoch(row["expires_at"]),
        counts={status: row[name] for status, name in COUNTERS.items()},
        status=JobStatus(row["status"]),
        seq=row["seq"],
        epoch=row["epoch"],
        started_at=to_time(row.get("started_at")),
        completed_at=to_time(row.get("completed_at")),
        is_frozen=row["is_frozen"],
        granted_until=to_time(row.get("granted_until")),
        error=row.get("error"),
        pace=Pace(tuple((at, ended) for at, ended in row.get("pace", []))),
        announced_epoch=row.get("announced_epoch", 0),
        reconciled_to=row.get("reconciled_to"),
        quotas=Quotas(**row["quotas"]) if "quotas" in row else None,
    )


def task_row(task: Task, job: Job) -> Item:
    """`by` says who wrote the row last; the stream hands on only what workers write.

    A task's row is kept for longer than its job's could be: whoever reads tasks has read the job first.
    """
    return {
        **task_key(task.job_id, task.task_id),
        "filename": task.filename,
        "stages": dict(task.stages),
        "mark": mark_map(task.mark),
        "epoch": task.epoch,
        "content_type": task.content_type,
        "bytes": task.bytes,
        "sha256": task.sha256,
        "asset_id": task.asset_id,
        "outcome": task.outcome,
        "attempts": {},
        "event_seq": task.event_seq or None,
        "completed_at": to_text(task.completed_at),
        "expires_at": to_epoch(job.updated_at + TASK_LIFE),
        "changed_at": to_text(job.updated_at),
        "by": "api",
    }


def mark_map(mark: Mark) -> Item:
    return {"stages": dict(mark.stages), "status": mark.status}


def error_map(error: TaskError) -> Item:
    return {name: value for name, value in asdict(error).items() if value is not None}


def task_of(row: Item) -> Task:
    job_id, task_id = keys.task_of_row(row["pk"], row["sk"]) or ("", "")
    return Task(
        job_id=job_id,
        task_id=task_id,
        filename=row["filename"],
        stages=_stages(row["stages"]),
        mark=Mark(_stages(row["mark"]["stages"]), TaskStatus(row["mark"]["status"])),
        epoch=row["epoch"],
        content_type=row["content_type"],
        bytes=row["bytes"],
        sha256=row.get("sha256"),
        version_id=row.get("version_id"),
        asset_id=row.get("asset_id"),
        thumbnail_key=row.get("thumbnail_key"),
        outcome=outcome_of(_stages(row["stages"]), Outcome(row["outcome"]) if "outcome" in row else None),
        error=TaskError(**row["error"]) if "error" in row else None,
        attempts={Stage(stage): n for stage, n in row["attempts"].items()},
        event_seq=row.get("event_seq", 0),
        event_seqs={TaskEvent(event): seq for event, seq in row.get("event_seqs", {}).items()},
        redrives=row.get("redrives", 0),
        changed_at=to_time(row.get("changed_at")),
        started_at=to_time(row.get("started_at")),
        completed_at=to_time(row.get("completed_at")),
    )


def _stages(stages: dict[str, str]) -> Stages:
    return {Stage(stage): StageStatus(status) for stage, status in stages.items()}


def scorer_key(version: int, asset_id: str) -> str:
    """Sorts a project's assets by the scorer's version that their scores are of; 0 for none."""
    return f"{version:04d}#{asset_id}"


def asset_row(asset: Asset) -> Item:
    """With copies of what its indexes sort by; an asset without a value is not in that index."""
    quality = asset.quality or {}
    return {
        **asset_key(asset.asset_id),
        "project_key": keys.project_key(asset.tenant, asset.project),
        "scorer_key": scorer_key(quality.get("scorer_version", 0), asset.asset_id),
        **{name: value for name, value in asdict(asset).items() if name not in {"created_at", "errors", "nearest"}},
        "errors": {stage: error_map(error) for stage, error in asset.errors.items()},
        "created_at": to_text(asset.created_at),
        "nearest": nearest_map(asset.nearest) if asset.nearest else None,
        "scored_at": quality.get("computed_at"),
        **{name: quality.get(name) for name in ("overall_quality", "sharpness", "uniqueness")},
        "label_key": _label_key(asset, category) if (category := category_of(asset)) else None,
    }


def label_rows(asset: Asset | None) -> dict[str, Item]:
    """Sort key → row, for each issue of an asset: what lists a project's assets by issue."""
    if asset is None or asset.quality is None:
        return {}
    labels = [keys.issue_label(issue) for issue in asset.quality["issues"]]
    return {
        keys.label_sk(label): {
            "pk": keys.asset_pk(asset.asset_id),
            "sk": keys.label_sk(label),
            "label_key": _label_key(asset, label),
            "created_at": to_text(asset.created_at),
            "overall_quality": asset.quality["overall_quality"],
        }
        for label in labels
    }


def category_of(asset: Asset) -> str | None:
    """The label of its suitability."""
    return keys.category_label(asset.quality["suitability"]["category"]) if asset.quality else None


def _label_key(asset: Asset, label: str) -> str:
    return keys.label_key(asset.tenant, asset.project, label)


def nearest_map(nearest: Nearest) -> Item:
    return {**asdict(nearest), "created_at": to_text(nearest.created_at)}


def nearest_of(found: Item) -> Nearest:
    return Nearest(found["asset_id"], _time(found["created_at"]), found["distance"])


def hash_key(pk: str, member: Member) -> Item:
    return {"pk": pk, "sk": keys.hash_sk(_text(member.created_at), member.asset_id, member.is_removed)}


def hash_row(pk: str, member: Member) -> Item:
    """The hash as text: DynamoDB's numbers would hold it, but not every reader of them."""
    return {
        **hash_key(pk, member),
        "asset_id": member.asset_id,
        "created_at": _text(member.created_at),
        "hash": f"{member.hash:016x}",
        "is_removed": member.is_removed,
    }


def member_of(row: Item) -> Member:
    return Member(row["asset_id"], _time(row["created_at"]), int(row["hash"], 16), row["is_removed"])


def grave_row(grave: Grave) -> Item:
    return {
        "pk": keys.asset_pk(grave.asset_id),
        "sk": keys.grave_sk(grave.creator, None if grave.original else grave.revision),
        **asdict(grave),
        "created_at": to_text(grave.created_at),
        "buried_at": to_text(grave.buried_at),
        "grave_of": grave.tenant,
        "buried": BURIED_ASSET if grave.original else "renditions",
    }


def place_of(grave: Grave) -> Place:
    revision = None if grave.original else grave.revision
    return Place(grave.tenant, _text(grave.buried_at), grave.asset_id, grave.creator, revision)


def place_key(place: Place) -> Item:
    """The place in the index of graves."""
    own = {"pk": keys.asset_pk(place.asset_id), "sk": keys.grave_sk(place.creator, place.revision)}
    return own | {"grave_of": place.tenant, "buried_at": place.buried_at}


def grave_of(row: Item) -> Grave:
    return Grave(
        asset_id=row["asset_id"],
        creator=row["creator"],
        tenant=row["tenant"],
        project=row["project"],
        created_at=_time(row["created_at"]),
        buried_at=_time(row["buried_at"]),
        revision=row["revision"],
        original=Original(**row["original"]) if "original" in row else None,
        original_bytes=row["original_bytes"],
        renditions=tuple(StoredRendition(**rendition) for rendition in row["renditions"]),
    )


def asset_of(row: Item) -> Asset:
    return Asset(
        asset_id=row["asset_id"],
        tenant=row["tenant"],
        project=row["project"],
        creator=row["creator"],
        filename=row["filename"],
        content_hash=row["content_hash"],
        original=Original(**row["original"]),
        format=row["format"],
        width=row["width"],
        height=row["height"],
        bytes=row["bytes"],
        color_space=row["color_space"],
        created_at=_time(row["created_at"]),
        exif=row.get("exif", {}),
        stages=_stages(row["stages"]),
        attempts={Stage(stage): n for stage, n in row["attempts"].items()},
        errors={Stage(stage): TaskError(**error) for stage, error in row.get("errors", {}).items()},
        renditions={preset: StoredRendition(**rendition) for preset, rendition in row["renditions"].items()},
        asked={preset: Asked(**asked) for preset, asked in row["asked"].items()},
        quality=row.get("quality"),
        nearest=nearest_of(row["nearest"]) if "nearest" in row else None,
        edition=row.get("edition", 0),
        revision=row["revision"],
    )


def dispatch_row(dispatch: Dispatch, job: Job) -> Item:
    return {
        **dispatch_key(dispatch.job_id),
        **{name: found for name, found in asdict(dispatch).items() if not isinstance(found, datetime)},
        "next_batch_at": to_text(dispatch.next_batch_at),
        "moved_at": to_text(dispatch.moved_at),
        "expires_at": to_epoch(job.updated_at + TASK_LIFE),
    }


def dispatch_of(row: Item) -> Dispatch:
    return Dispatch(
        job_id=row["job_id"],
        options=QualityOptions(**row["options"]),
        step=row["step"],
        chunks=tuple(row["chunks"]),
        cursor=row.get("cursor"),
        is_frozen=row["is_frozen"],
        dispatched=row["dispatched"],
        next_batch_at=to_time(row.get("next_batch_at")),
        moved_at=to_time(row.get("moved_at")),
    )


def preset_row(preset: Preset) -> Item:
    return {**asdict(preset), "box": list(preset.box)}


def preset_of(row: Item) -> Preset:
    return Preset(**{**row, "box": tuple(row["box"]), "stage": Stage(row["stage"]), "mode": Mode(row["mode"])})


def poison_row(record: PoisonRecord) -> Item:
    return {
        **poison_key(record.tenant, record.poison_id),
        **asdict(record),
        "failed_at": to_text(record.failed_at),
        "expires_at": to_epoch(record.failed_at + POISON_LIFE),
    }


def poison_of(row: Item) -> PoisonRecord:
    found: Item = {field.name: row.get(field.name) for field in fields(PoisonRecord)}
    return PoisonRecord(**(found | {"failed_at": _time(row["failed_at"])}))


def api_key_row(key: ApiKey) -> Item:
    return {
        "pk": keys.api_key_pk(key.key_id),
        "sk": keys.API_KEY_ROW,
        "key_id": key.key_id,
        "secret_hash": key.secret_hash,
        "tenant": key.tenant,
        "scopes": sorted(key.scopes),
        "expires_on": to_text(key.expires_at),
        "revoked_at": to_text(key.revoked_at),
        "created_at": to_text(key.created_at),
        "label": key.label or None,
    }


def api_key_of(row: Item) -> ApiKey:
    return ApiKey(
        key_id=row["key_id"],
        secret_hash=row["secret_hash"],
        tenant=row["tenant"],
        scopes=frozenset(Scope(scope) for scope in row["scopes"]),
        expires_at=to_time(row.get("expires_on")),
        revoked_at=to_time(row.get("revoked_at")),
        created_at=to_time(row.get("created_at")),
        label=row.get("label", ""),
    )
