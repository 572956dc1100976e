"""What the API answers when a job is started, cancelled, retried or cleaned up, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from darkroom.models import Raw, known


@dataclass(frozen=True, slots=True)
class QualityOptions:
    """How to score: 1–50 images a batch, batches at least 0–30,000 ms apart; all images, or those without a score."""

    batch_size: int = 50
    delay_ms: int = 0
    only_missing: bool = True
    resume: bool = False

    def to_query(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StartedJob:
    """A quality job that was started. `total_images` is None while the list of its images is still being frozen."""

    job_id: str
    status: str
    total_images: int | None = None
    message: str = ""

    @classmethod
    def parse(cls, raw: Raw) -> StartedJob:
        return known(cls, raw)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named rendition recipe: `box` is the (width, height) that an image is fitted into."""

    name: str
    box: tuple[int, int]
    stage: str = ""
    format: str = ""
    quality: int = 0
    mode: str = ""
    enabled: bool = True
    built_in: bool = False
    recipe: str = ""

    @classmethod
    def parse(cls, raw: Raw) -> Preset:
        return known(cls, raw, box=tuple(raw["box"]))


@dataclass(frozen=True, slots=True)
class PresetList:
    """A tenant's presets, the built-in ones first. `etag` names their state."""

    presets: tuple[Preset, ...]
    etag: str | None = None

    @classmethod
    def parse(cls, raw: Raw, etag: str | None = None) -> PresetList:
        return cls(tuple(Preset.parse(row) for row in raw["presets"]), etag)


@dataclass(frozen=True, slots=True)
class WouldFail:
    """An image of the sample that could not be scored, and why."""

    asset_id: str
    filename: str = ""
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """How many images were looked at for a dry run, and which of them would fail."""

    size: int = 0
    would_fail: tuple[WouldFail, ...] = ()

    @classmethod
    def parse(cls, raw: Raw) -> Sample:
        return known(cls, raw, would_fail=tuple(known(WouldFail, row) for row in raw.get("would_fail") or ()))


@dataclass(frozen=True, slots=True)
class DryRun:
    """What a quality job would do. `expected_s` is the server's estimate in seconds, None where it has none."""

    total_images: int | None
    message: str = ""
    batches: int | None = None
    expected_s: float | None = None
    sample: Sample = field(default_factory=Sample)

    @classmethod
    def parse(cls, raw: Raw) -> DryRun:
        return known(cls, raw, sample=Sample.parse(raw.get("sample") or {}))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class CancelReceipt:
    """A snapshot of a cancelled job. `job_id` is None when there was none, `total` while it was not yet counted."""

    cancelled: bool
    status: str
    job_id: str | None = None
    total: int | None = None
    processed: int = 0
    failed: int = 0
    skipped: int = 0
    in_flight: int = 0
    message: str = ""

    @classmethod
    def parse(cls, raw: Raw) -> CancelReceipt:
        return known(cls, raw)

    @property
    def has_right_sum(self) -> bool:
        return self.total in (None, self.processed + self.failed + self.skipped + self.in_flight)


@dataclass(frozen=True, slots=True)
class Reopened:
    """How many tasks were reopened. `left` counts those that stay as they are, by reason."""

    reopened: int
    status: str = ""
    job_id: str | None = None
    left: Mapping[str, int] = field(default_factory=dict)
    has_more: bool = False
    message: str = ""

    @classmethod
    def parse(cls, raw: Raw) -> Reopened:
        return known(cls, raw, left=dict(raw.get("left") or {}))


@dataclass(frozen=True, slots=True)
class PoisonRecord:
    """A piece of work that was given up: its stage, how often it was tried, and its last error."""

    poison_id: str
    job_id: str = ""
    task_id: str = ""
    asset_id: str | None = None
    stage: str = ""
    code: str = ""
    detail: str = ""
    attempts: int = 0
    failed_at: str | None = None
    filename: str | None = None

    @classmethod
    def parse(cls, raw: Raw) -> PoisonRecord:
        return known(cls, raw)


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What a cleanup removed."""

    removed_jobs: int
    removed_tasks: int
    has_more: bool = False
    next_cursor: str | None = None

    @classmethod
    def parse(cls, raw: Raw) -> Cleanup:
        return known(cls, raw)


@dataclass(frozen=True, slots=True)
class Ticket:
    """Opens the WebSocket at `url` once, until `expires_at`."""

    ticket: str
    url: str
    expires_at: str

    @classmethod
    def parse(cls, raw: Raw) -> Ticket:
        return known(cls, raw)
