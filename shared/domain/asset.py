"""An asset: an image that was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.domain.stage import Stage
from shared.domain.task import StageStatus, TaskError, TaskStatus, status_of


@dataclass(frozen=True)
class Original:
    """The very bytes that were validated: a key can be written twice, a version cannot."""

    key: str
    version_id: str


@dataclass(frozen=True)
class StoredRendition:
    preset: str
    key: str
    format: str
    width: int
    height: int
    bytes: int
    quality: int
    recipe: str = ""
    created_at: str = ""
    """ISO 8601, as everything in this map is text or a number."""


@dataclass(frozen=True)
class Asked:
    """A rendition that was asked for and is not there: being made until then, or failed for good with a code."""

    recipe: str
    until: int
    """Seconds since 1970: past it the message counts as lost, and it may be asked for again."""
    failed_as: str | None = None


@dataclass(frozen=True)
class Nearest:
    """The image of the same project, earlier by (created_at, asset_id), that looks most like an asset.

    `distance` is the Hamming distance of the two perceptual hashes, in bits.
    """

    asset_id: str
    created_at: datetime
    distance: int


@dataclass(frozen=True)
class Asset:
    asset_id: str
    tenant: str
    project: str
    creator: str
    """The task that made it, as `{job_id}.{task_id}`."""
    filename: str
    content_hash: str
    original: Original
    format: str
    width: int
    height: int
    bytes: int
    color_space: str
    created_at: datetime
    exif: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[Stage, StageStatus] = field(default_factory=dict)
    attempts: Mapping[Stage, int] = field(default_factory=dict)
    errors: Mapping[Stage, TaskError] = field(default_factory=dict)
    """Of its failed stages."""
    renditions: Mapping[str, StoredRendition] = field(default_factory=dict)
    asked: Mapping[str, Asked] = field(default_factory=dict)
    """By preset."""
    quality: Mapping[str, Any] | None = None
    nearest: Nearest | None = None
    edition: int = 0
    """Part of the keys of its renditions. Raised before a sweep deletes some: no later one has a key of theirs."""
    revision: int = field(default=0, compare=False)
    """Raised by every write, so that of two at once one begins anew."""

    @property
    def status(self) -> TaskStatus:
        return status_of(self.stages)
