"""What the API answers, as frozen values. Fields we do not know are ignored, so the server may add some.

Times are ISO 8601 strings as the server wrote them; sizes are bytes; qualities are 0–1 and suitability 0–100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    T = TypeVar("T", bound=DataclassInstance)
else:
    T = TypeVar("T")

Raw = Mapping[str, Any]
JOB_ENDS = frozenset({"completed", "failed", "cancelled"})
TASK_ENDS = frozenset({"completed", "failed", "skipped"})
DEFAULT_POLL_MS = 1000


def known(kind: type[T], raw: Raw, **parts: Any) -> T:
    """A `kind` of the raw fields that it has; `parts` are the nested ones, already built."""
    names = {f.name for f in fields(kind)}
    return kind(**{name: value for name, value in raw.items() if name in names} | parts)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to upload, as declared to the API. `sha256` in hex lets known content be recognised without sending it."""

    filename: str
    content_type: str
    bytes: int
    sha256: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Grant:
    """A presigned POST for one task: `fields` go first in the form, the file last."""

    url: str
    fields: Mapping[str, str]
    expires_at: str


@dataclass(frozen=True, slots=True)
class GrantedTask:
    """A task and its grant. `upload` is None when no grant was given (yet), or the task is no longer pending."""

    task_id: str
    filename: str
    status: str
    outcome: str | None = None
    asset_id: str | None = None
    upload: Grant | None = None

    @classmethod
    def parse(cls, raw: Raw) -> GrantedTask:
        upload = raw.get("upload")
        return known(cls, raw, upload=known(Grant, upload) if upload else None)


@dataclass(frozen=True, slots=True)
class UploadSession:
    """A new upload session; `uploads` are its tasks in the order of the files."""

    job_id: str
    project: str
    total: int
    expires_at: str
    uploads: tuple[GrantedTask, ...]

    @classmethod
    def parse(cls, raw: Raw) -> UploadSession:
        return known(cls, raw, uploads=tuple(GrantedTask.parse(task) for task in raw["uploads"]))


@dataclass(frozen=True, slots=True)
class TaskError:
    """Why a task failed. `limit` and `measured` are in the unit that the code names."""

    code: str
    detail: str = ""
    limit: float | None = None
    measured: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One image of a job."""

    task_id: str
    status: str
    filename: str = ""
    progress_pct: float = 0.0
    outcome: str | None = None
    asset_id: str | None = None
    thumbnail_url: str | None = None
    stages: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    started_at: str | None = None
    completed_at: str | None = None
    error: TaskError | None = None

    @classmethod
    def parse(cls, raw: Raw) -> Task:
        error = raw.get("error")
        return known(cls, raw, error=known(TaskError, error) if error else None)

    @property
    def is_ended(self) -> bool:
        return self.status in TASK_ENDS


@dataclass(frozen=True, slots=True)
class Job:
    """A job's exact counts, as the server keeps them. `tasks` are there only when asked for.

    `total` is None while the list of its images is still being frozen. `answered_at` is the server's clock (an HTTP
    date), by which times of a running job are told, since ours may be wrong.
    """

    job_id: str
    status: str
    total: int | None = None
    kind: str = ""
    project: str = ""
    pending: int = 0
    processing: int = 0
    processed: int = 0
    failed: int = 0
    skipped: int = 0
    remaining: int = 0
    progress_pct: float = 0.0
    eta_s: float | None = None
    created_at: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    updated_at: str | None = None
    error: str | None = None
    poll_after_ms: int | None = None
    seq: int = 0
    next_cursor: str | None = None
    tasks: tuple[Task, ...] = ()
    etag: str | None = None
    answered_at: str | None = field(default=None, compare=False)

    @classmethod
    def parse(cls, raw: Raw, etag: str | None = None, answered_at: str | None = None) -> Job:
        tasks = tuple(Task.parse(task) for task in raw.get("tasks") or ())
        # What is not counted yet comes as null.
        given = {name: value for name, value in raw.items() if value is not None}
        return known(cls, given, etag=etag, answered_at=answered_at, tasks=tasks)

    def to_json(self) -> dict[str, Any]:
        """The job as the API gives it, without tasks and without what belongs to one answer."""
        answer = ("next_cursor", "tasks", "etag", "answered_at")
        return {name: value for name, value in asdict(self).items() if name not in answer}

    @property
    def is_ended(self) -> bool:
        return self.status in JOB_ENDS

    @property
    def is_fine(self) -> bool:
        return self.status == "completed" and not self.failed

    @property
    def ended_tasks(self) -> int:
        return self.processed + self.failed + self.skipped

    @property
    def poll_after_s(self) -> float:
        return (self.poll_after_ms or DEFAULT_POLL_MS) / 1000


@dataclass(frozen=True, slots=True)
class Rendition:
    """One rendition that is ready; width and height in pixels."""

    preset: str
    format: str
    width: int
    height: int
    bytes: int = 0
    quality: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """The scores of an asset; None where they are not computed yet."""

    status: str
    scorer_version: int | str | None = None
    computed_at: str | None = None
    sharpness: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    uniqueness: float | None = None
    red_avg: float | None = None
    green_avg: float | None = None
    blue_avg: float | None = None
    overall_quality: float | None = None
    perceptual_hash: str | None = None
    issues: tuple[str, ...] = ()
    suitability: Mapping[str, Any] | None = None
    nearest: Mapping[str, Any] | None = None

    @classmethod
    def parse(cls, raw: Raw) -> Quality:
        return known(cls, raw, issues=tuple(raw.get("issues") or ()))


@dataclass(frozen=True, slots=True)
class Asset:
    """An image that was accepted, with what was made of it."""

    asset_id: str
    project: str = ""
    filename: str = ""
    content_hash: str = ""
    format: str = ""
    width: int = 0
    height: int = 0
    bytes: int = 0
    color_space: str | None = None
    created_at: str | None = None
    exif: Mapping[str, Any] | None = None
    stages: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 0
    errors: Mapping[str, TaskError] = field(default_factory=dict)
    """Why stages failed, by stage."""
    renditions: tuple[Rendition, ...] = ()
    quality: Quality | None = None

    @classmethod
    def parse(cls, raw: Raw) -> Asset:
        quality = raw.get("quality")
        return known(
            cls,
            raw,
            errors={stage: known(TaskError, error) for stage, error in (raw.get("errors") or {}).items()},
            renditions=tuple(known(Rendition, rendition) for rendition in raw.get("renditions") or ()),
            quality=Quality.parse(quality) if quality else None,
        )


@dataclass(frozen=True, slots=True)
class ScratchGrant:
    """A grant for an image that is only compared; it is named by `scratch_id` once it is uploaded."""

    scratch_id: str
    upload: Grant

    @classmethod
    def parse(cls, raw: Raw) -> ScratchGrant:
        return known(cls, raw, upload=known(Grant, raw["upload"]))


@dataclass(frozen=True, slots=True)
class CompareVerdict:
    """`quality` is the word for the PSNR, `likeness` that for the distance of the hashes, None without one."""

    quality: str = ""
    likeness: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """With the original or one rendition, at width x height pixels. `psnr_db` is None where no pixel differs."""

    file_size_bytes: int
    width: int = 0
    height: int = 0
    alignment: str = ""
    psnr_db: float | None = None
    ssim: float | None = None
    perceptual_hash_distance: int | None = None
    identical: bool = False
    verdict: CompareVerdict = field(default_factory=CompareVerdict)

    @classmethod
    def parse(cls, raw: Raw) -> Comparison:
        return known(cls, raw, verdict=known(CompareVerdict, raw["verdict"]))


@dataclass(frozen=True, slots=True)
class Compared:
    """How far an image is from an asset's original ("original") and each rendition, by preset."""

    asset_id: str
    comparisons: Mapping[str, Comparison]
    note: str = ""

    @classmethod
    def parse(cls, raw: Raw) -> Compared:
        rows = {name: Comparison.parse(row) for name, row in raw["comparisons"].items()}
        return known(cls, raw, comparisons=rows)
