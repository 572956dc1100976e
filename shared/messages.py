"""What travels in the queues."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from shared.domain.asset import Asset, Original
from shared.domain.keys import from_event
from shared.domain.task import TaskRef


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True)  # a function reads one kind or two


class AssetRequest(Message):
    """Work on one asset, on behalf of one task: renditions or scores, as the queue says.

    It holds all that the work needs; the original is read, and the job where it may have been cancelled in time.
    """

    job_id: str
    task_id: str
    epoch: int
    tenant: str
    project: str
    asset_id: str
    creator: str
    created_at: datetime
    original: Original
    width: int
    height: int
    edition: int = 0
    is_begun: bool = False
    """Its task has begun: it goes on even if its job is cancelled."""
    only_missing: bool = False
    """Of renditions: make only those that are not there as their presets are now."""

    @property
    def task(self) -> TaskRef:
        return TaskRef(self.job_id, self.task_id, self.epoch)


def request_of(task: TaskRef, asset: Asset, *, is_begun: bool = False) -> AssetRequest:
    """Work on an asset for a task, in the task's present epoch."""
    return AssetRequest(
        job_id=task.job_id,
        task_id=task.task_id,
        epoch=task.epoch,
        tenant=asset.tenant,
        project=asset.project,
        asset_id=asset.asset_id,
        creator=asset.creator,
        created_at=asset.created_at,
        original=asset.original,
        width=asset.width,
        height=asset.height,
        edition=asset.edition,
        is_begun=is_begun,
    )


class PresetRequest(Message):
    """One rendition that somebody asked for; no job is behind it."""

    tenant: str
    asset_id: str
    preset: str
    recipe: str


class RenditionsOrder(RootModel[AssetRequest | PresetRequest]):
    """What the renditions queue holds."""


def opened(found: Message | RenditionsOrder) -> Message:
    """The message itself, of whichever kind."""
    return found.root if isinstance(found, RenditionsOrder) else found


class ScoreRequest(Message):
    """Assets to score: one of an upload, or a batch of a job."""

    assets: tuple[AssetRequest, ...] = Field(min_length=1)


class DispatchStep(Message):
    """The next step of a job that walks its manifest; without effect once that step is done."""

    job_id: str
    step: int


class UploadedObject(Message):
    """One version of one object that S3 says was written."""

    key: str
    version_id: str
    bytes: int = 0


class UploadEvent(Message):
    """An S3 notification. An s3:TestEvent has no records and so asks for nothing."""

    objects: tuple[UploadedObject, ...] = Field(default=())

    @model_validator(mode="before")
    @classmethod
    def _read_notification(cls, body: Any) -> Any:
        if isinstance(body, dict) and body.get("Event") == "s3:TestEvent":
            return {"objects": ()}
        if isinstance(body, dict) and "objects" in body:
            return body  # our own, sent again
        if not isinstance(body, dict) or not isinstance(body.get("Records"), list):
            raise ValueError("an S3 notification has Records")
        return {"objects": [_read_record(record) for record in body["Records"]]}


def _read_record(record: Any) -> dict[str, Any]:
    try:
        found = record["s3"]["object"]
        return {
            "key": from_event(found["key"]),
            "version_id": found.get("versionId") or "null",
            "bytes": found.get("size", 0),
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("a record of an S3 notification names an object") from error
