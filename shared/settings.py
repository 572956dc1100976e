"""The environment, read once into a checked model. A missing or wrong setting stops the function, by name."""

from __future__ import annotations

import os
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.limits import Limits


class Settings(BaseModel):
    """Each field is the environment variable of the same name in capitals."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def load(cls) -> Self:
        """Raises pydantic.ValidationError, which names each setting that is missing or wrong."""
        found = {name: os.environ[name.upper()] for name in cls.model_fields if name.upper() in os.environ}
        return cls.model_validate(found)


class AuthorizerSettings(Settings):
    catalog_table: str


class ProgressSettings(Settings):
    jobs_table: str


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


class ApiSettings(ImageLimits):
    jobs_table: str
    catalog_table: str
    originals_bucket: str
    renditions_bucket: str
    url_lifetime: int = Field(gt=0, le=43_200)


class WorkerSettings(ImageLimits):
    jobs_table: str
    catalog_table: str
    originals_bucket: str


class ValidateSettings(WorkerSettings):
    validation_queue_url: str
    renditions_queue_url: str
    quality_queue_url: str


class RenditionsSettings(WorkerSettings):
    renditions_bucket: str
    renditions_queue_url: str


class QualitySettings(WorkerSettings):
    quality_queue_url: str
