"""The environment, read once into a checked model. A missing or wrong setting stops the function, by name."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.limits import Limits


class Settings(BaseModel):
    """Each field is the environment variable of the same name in capitals."""

    model_config = ConfigDict(frozen=True, defer_build=True)  # a function reads one of them

    @classmethod
    def load(cls) -> Self:
        """Raises pydantic.ValidationError, which names each setting that is missing or wrong."""
        found = {name: os.environ[name.upper()] for name in cls.model_fields if name.upper() in os.environ}
        return cls.model_validate(found)


class AuthorizerSettings(Settings):
    catalog_table: str


class PurgeMode(StrEnum):
    """What the nightly purge does; off: it is not started."""

    RUN = "run"
    DRY_RUN = "dry-run"
    OFF = "off"


class PurgeNames(Settings):
    """Where what awaits purge lies."""

    catalog_table: str
    originals_bucket: str
    renditions_bucket: str


class PurgeSettings(PurgeNames):
    jobs_table: str
    purge_mode: PurgeMode
    purge_days: int = Field(ge=0)
    purge_most_strays: int = Field(ge=0)


class AdminSettings(PurgeNames):
    jobs_table: str
    catalog_table: str


class ConsoleSettings(Settings):
    console_origins: str
    """Where the page may connect to: the buckets and the WebSocket, separated by spaces."""
    aws_endpoint_url: str = ""
    """Set by the emulator: the buckets and the WebSocket are there."""


class ProgressSettings(Settings):
    jobs_table: str


class PushSettings(Settings):
    """`websocket_api` is the WebSocket API's id and stage, as `id/stage`."""

    jobs_table: str
    renditions_bucket: str
    url_lifetime: int = Field(gt=0, le=21_600)
    websocket_api: str


class RealtimeSettings(PushSettings):
    catalog_table: str


class AnnounceSettings(PushSettings):
    topic_arn: str
    """Empty where nobody is to be told of completed jobs."""


class ImageLimits(Settings):
    max_file_bytes: int = Field(gt=0)
    max_image_pixels: int = Field(gt=0)
    max_image_edge: int = Field(gt=0)
    max_image_frames: int = Field(gt=0)

    @property
    def limits(self) -> Limits:
        return Limits(
            max_bytes=self.max_file_bytes,
            max_pixels=self.max_image_pixels,
            max_edge=self.max_image_edge,
            max_frames=self.max_image_frames,
        )


class QueueUrls(Settings):
    """The queues of work."""

    validation_queue_url: str
    renditions_queue_url: str
    quality_queue_url: str
    backfill_queue_url: str
    rebuild_queue_url: str


class ApiSettings(QueueUrls):
    jobs_table: str
    catalog_table: str
    originals_bucket: str
    renditions_bucket: str
    dispatch_queue_url: str
    websocket_api: str
    max_file_bytes: int = Field(gt=0)
    url_lifetime: int = Field(gt=0, le=21_600)


class CompareSettings(ImageLimits):
    catalog_table: str
    originals_bucket: str
    renditions_bucket: str


class WorkerSettings(Settings):
    jobs_table: str
    catalog_table: str
    originals_bucket: str
    max_file_bytes: int = Field(gt=0)


class ValidateSettings(ImageLimits, WorkerSettings):
    validation_queue_url: str
    renditions_queue_url: str
    quality_queue_url: str


class RenditionsSettings(WorkerSettings):
    renditions_bucket: str
    renditions_queue_url: str
    rebuild_queue_url: str


class QualitySettings(WorkerSettings):
    renditions_bucket: str
    quality_queue_url: str
    backfill_queue_url: str


class ForgetSettings(Settings):
    catalog_table: str
    renditions_bucket: str


class DispatchSettings(Settings):
    jobs_table: str
    catalog_table: str
    originals_bucket: str
    dispatch_queue_url: str
    backfill_queue_url: str
    rebuild_queue_url: str


class DeadLettersSettings(QueueUrls):
    jobs_table: str
    catalog_table: str
    validation_dead_letters_url: str
    renditions_dead_letters_url: str
    quality_dead_letters_url: str
    backfill_dead_letters_url: str
    rebuild_dead_letters_url: str
    dispatch_dead_letters_url: str


class ReconcileSettings(QueueUrls):
    jobs_table: str
    catalog_table: str
    originals_bucket: str
    dispatch_queue_url: str
    stall_seconds: int = Field(gt=0)
