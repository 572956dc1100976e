"""What the API takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.domain.access import Scope
from shared.domain.ids import LAST_TIME, PROJECT, SHA256, TENANT_ID
from shared.domain.presets import BUILT_IN_NAMES, MAX_EDGE, MAX_OWN
from shared.domain.presets import NAME as PRESET_NAME

MAX_FILES = 10_000
MAX_GRANTS = 500
MAX_SEQ = 10**15
MAX_QUOTA = 10**15

TenantName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._ -]{0,99}$")]
ProjectName = Annotated[str, StringConstraints(pattern=rf"^{PROJECT.pattern}$")]
Edge = Annotated[int, Field(ge=1, le=MAX_EDGE)]
TaskId = Annotated[str, StringConstraints(pattern=r"^t\d{5,8}$")]


class Schema(BaseModel):
    model_config = ConfigDict(defer_build=True)  # until it is first used: most requests need two


class Body(Schema):
    model_config = ConfigDict(extra="forbid")


class FileToUpload(Body):
    filename: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    content_type: Annotated[str, StringConstraints(max_length=100)]
    bytes: int = Field(ge=0)
    sha256: Annotated[str, StringConstraints(pattern=rf"^{SHA256.pattern}$")] | None = None


class CreateUpload(Body):
    project: ProjectName
    files: list[FileToUpload] = Field(min_length=1)


class RenewGrants(Body):
    task_ids: list[TaskId] = Field(min_length=1, max_length=MAX_GRANTS)


class Grant(Schema):
    """A presigned POST: send `fields` in order, the file last."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


class GrantedTask(Schema):
    task_id: str
    filename: str
    status: str
    outcome: str | None = None
    asset_id: str | None = None
    upload: Grant | None = None


class UploadCreated(Schema):
    job_id: str
    project: str
    total: int
    expires_at: datetime
    uploads: list[GrantedTask]


class GrantsRenewed(Schema):
    job_id: str
    uploads: list[GrantedTask]


class Ticket(Schema):
    """Opens one WebSocket, once."""

    ticket: str
    url: str
    expires_at: datetime


class AboutJob(Schema):
    """What a client sends over its WebSocket names a job in most cases."""

    job_id: Annotated[str, StringConstraints(max_length=200)]


class Subscribe(AboutJob):
    action: Literal["subscribe"]
    since: int = Field(default=0, ge=0, lt=MAX_SEQ)


class Unsubscribe(AboutJob):
    action: Literal["unsubscribe"]


class Ping(Schema):
    action: Literal["ping"]


class ErrorView(Schema):
    code: str
    detail: str
    limit: int | None = None
    measured: int | None = None


class TaskView(Schema):
    task_id: str
    filename: str
    status: str
    progress_pct: float
    outcome: str | None
    asset_id: str | None
    thumbnail_url: str | None
    stages: dict[str, str]
    attempts: int
    started_at: datetime | None
    completed_at: datetime | None
    error: ErrorView | None
    seq: int
    """The job's `seq` when the task last changed; 0 when it has not since it was created."""


class JobView(Schema):
    job_id: str
    kind: str
    project: str
    status: str
    total: int | None
    """None only while a large manifest is being frozen."""
    pending: int
    processing: int
    processed: int
    failed: int
    skipped: int
    remaining: int
    progress_pct: float
    eta_s: float | None
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    expires_at: datetime
    error: str | None
    poll_after_ms: int
    seq: int
    epoch: int
    next_cursor: str | None = None
    tasks: list[TaskView] | None = None


class QualityJobStarted(Schema):
    job_id: str
    total_images: int | None
    status: str
    message: str


class SampleFailure(Schema):
    asset_id: str
    filename: str
    code: str
    detail: str


class Sample(Schema):
    size: int
    would_fail: list[SampleFailure]


class Forecast(Schema):
    """What a quality job would do. Nothing was changed."""

    job_id: None = None
    status: str = "idle"
    dry_run: bool = True
    message: str = "Nothing was started"
    total_images: int
    batches: int
    expected_s: float
    sample: Sample


class IdleView(Schema):
    """A project that has no job."""

    job_id: None = None
    project: str
    status: str = "idle"
    total: int = 0
    pending: int = 0
    processing: int = 0
    processed: int = 0
    failed: int = 0
    skipped: int = 0
    remaining: int = 0
    progress_pct: float = 0.0
    eta_s: None = None
    poll_after_ms: int = 5000


class Cancelled(Schema):
    """processed + failed + skipped + in_flight = total, at the moment of the answer."""

    job_id: str | None
    cancelled: bool
    status: str
    total: int
    processed: int
    failed: int
    skipped: int
    in_flight: int
    message: str


class Left(Schema):
    """What was not taken up again: images refused for what they are, and uploads that need a new grant."""

    refused: int = 0
    expired: int = 0


class Retried(Schema):
    job_id: str
    status: str
    reopened: int
    left: Left
    has_more: bool = False
    message: str


class JobList(Schema):
    jobs: list[JobView]
    next_cursor: str | None


class PoisonView(Schema):
    poison_id: str
    job_id: str
    task_id: str
    asset_id: str | None
    stage: str
    code: str
    detail: str
    attempts: int
    failed_at: datetime
    filename: str | None


class PoisonList(Schema):
    records: list[PoisonView]
    next_cursor: str | None


class Me(Schema):
    """Who a key belongs to, and what it may do."""

    tenant_id: str
    tenant_name: str
    scopes: list[str]
    key_id: str | None
    expires_at: datetime | None


class ProjectView(Schema):
    project: str
    created_at: datetime


class ProjectList(Schema):
    projects: list[ProjectView]
    next_cursor: str | None


class QuotaSet(Body):
    """What a tenant may hold (`bytes` are of originals), and how many files a session may have. null is no limit."""

    assets: int | None = Field(default=None, ge=0, le=MAX_QUOTA)
    bytes: int | None = Field(default=None, ge=0, le=MAX_QUOTA)
    files_per_session: int | None = Field(default=None, ge=1, le=MAX_FILES)


class CreateTenant(Body):
    name: TenantName
    quotas: QuotaSet = QuotaSet()


class TenantView(Schema):
    tenant_id: str
    tenant_name: str
    quotas: QuotaSet


class TenantList(Schema):
    tenants: list[TenantView]
    next_cursor: str | None


class CreateKey(Body):
    """`tenant_id` is one's own unless given; `expires_at` never unless given."""

    scopes: list[Scope] = Field(min_length=1)
    label: Annotated[str, StringConstraints(max_length=100)] = ""
    expires_at: Annotated[AwareDatetime, Field(lt=LAST_TIME)] | None = None
    tenant_id: Annotated[str, StringConstraints(pattern=rf"^{TENANT_ID.pattern}$")] | None = None


class RotateKey(Body):
    """For how many seconds the old key still works."""

    grace_s: int = Field(default=86_400, ge=0, le=30 * 86_400)


class KeyView(Schema):
    key_id: str
    tenant_id: str
    label: str
    scopes: list[str]
    created_at: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None


class NewKey(KeyView):
    """`key` is told this once."""

    key: str


class KeyList(Schema):
    keys: list[KeyView]


class Purged(Schema):
    """What a purge found and did. `errors` are of what stays for the next one, a hundred at most."""

    dry_run: bool
    purge_days: int
    cutoff_date: datetime
    renditions_found: int = 0
    renditions_to_delete: int = 0
    originals_found: int = 0
    originals_to_delete: int = 0
    deleted_count: int = 0
    deleted_bytes: int = 0
    errors: list[str]
    has_more: bool = False
    next_cursor: str | None = None
    """With `has_more` where the next call goes on; from the beginning when there is none."""


class PurgeRound(Purged):
    """The same of a night's round, with the objects that nobody owned: a day old, and in no asset, grave or task."""

    strays_found: int = 0
    strays_deleted: int = 0
    strays_deleted_bytes: int = 0


class Usage(Schema):
    """What a tenant has in storage. The total is of assets and renditions, without what awaits purge."""

    asset_count: int
    rendition_count: int
    asset_bytes: int
    rendition_bytes: int
    total_bytes: int
    awaiting_purge_bytes: int


class Metrics(Usage):
    """What a tenant has in storage, and may have."""

    tenant_id: str
    tenant_name: str
    quotas: QuotaSet


class TenantWithUsage(TenantView):
    usage: Usage


class MetricsList(Schema):
    tenants: list[Metrics]
    next_cursor: str | None


class CleanedUp(Schema):
    removed_jobs: int
    removed_tasks: int
    has_more: bool
    next_cursor: str | None = None
    """With `has_more` where the next call goes on."""


class RenditionView(Schema):
    preset: str
    format: str
    width: int
    height: int
    bytes: int
    quality: int
    recipe: str
    url: str


class PresetRow(Body):
    """A preset of one's own, or a built-in's name with `enabled`. `built_in` and `recipe` are as GET shows them."""

    name: Annotated[str, StringConstraints(pattern=rf"^{PRESET_NAME.pattern}$")]
    stage: Literal["thumbnails", "variants"] | None = None
    box: tuple[Edge, Edge] | None = None
    longer_edge: Edge | None = None
    fit: Literal["inside"] = "inside"
    format: Literal["jpeg", "webp", "avif", "png"] = "jpeg"
    quality: int = Field(default=85, ge=1, le=100)
    mode: Literal["eager", "on_demand"] = "eager"
    enabled: bool = True
    built_in: bool = False
    recipe: str = ""


class SetPresets(Body):
    presets: list[PresetRow] = Field(max_length=MAX_OWN + len(BUILT_IN_NAMES))


class PresetView(Schema):
    name: str
    stage: str
    box: tuple[int, int]
    fit: str = "inside"
    format: str
    quality: int
    mode: str
    enabled: bool
    built_in: bool
    recipe: str
    """What its renditions are known by: another recipe is another rendition."""


class PresetList(Schema):
    presets: list[PresetView]


class SuitabilityView(Schema):
    """How well an image suits annotation, 0-100: high from 80, medium from 60, low below."""

    score: float
    category: str
    parts: dict[str, float]


class PartView(Schema):
    """What a metric gives to a weighted mean: weight × goodness. A value of None is not known, and left out."""

    metric: str
    value: float | None
    goodness: float | None
    weight: float


class CheckView(Schema):
    """A threshold: the issue is raised when the value lies below, or above, the limit."""

    issue: str
    metric: str
    value: float | None
    bound: str
    limit: float
    is_raised: bool


class ExplanationView(Schema):
    """Why the scores are what they are."""

    scorer_version: int
    parts: list[PartView]
    checks: list[CheckView]
    suitability: list[PartView]


class NearestView(Schema):
    """The earlier image of the project that looks most like this one; `distance` in bits of 64."""

    asset_id: str
    distance: int


class QualityView(Schema):
    status: str
    scorer_version: int | None = None
    computed_at: datetime | None = None
    sharpness: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    uniqueness: float | None = None
    red_avg: float | None = None
    green_avg: float | None = None
    blue_avg: float | None = None
    overall_quality: float | None = None
    perceptual_hash: str | None = None
    issues: list[str] | None = None
    suitability: SuitabilityView | None = None
    nearest: NearestView | None = None
    raw: dict[str, float] | None = None
    explanation: ExplanationView | None = None
    """None for scores of an older scorer: its tables are no longer these."""


class AssetView(Schema):
    """`errors` says by stage why it failed, for as long as it has."""

    asset_id: str
    project: str
    filename: str
    content_hash: str
    format: str
    width: int
    height: int
    bytes: int
    color_space: str
    created_at: datetime
    exif: dict[str, str]
    stages: dict[str, str]
    attempts: int
    errors: dict[str, ErrorView]
    renditions: list[RenditionView]
    quality: QualityView


class CompareWith(Body):
    """What to compare an asset with, when the image itself is not the body: exactly one of the two."""

    asset_id: str | None = None
    scratch_id: str | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.asset_id is None) == (self.scratch_id is None):
            raise ValueError("name an asset_id or a scratch_id, and not both")
        return self


class CreateScratch(Body):
    content_type: Annotated[str, StringConstraints(max_length=100)]
    bytes: int = Field(ge=1)


class ScratchGranted(Schema):
    scratch_id: str
    upload: Grant


class CompareVerdict(Schema):
    """`quality` is the word for the PSNR, `likeness` that for the distance of the hashes."""

    quality: str
    likeness: str | None


class ComparisonView(Schema):
    file_size_bytes: int
    width: int
    height: int
    alignment: str
    psnr_db: float | None
    ssim: float | None
    perceptual_hash_distance: int | None
    identical: bool
    verdict: CompareVerdict


class Compared(Schema):
    asset_id: str
    comparisons: dict[str, ComparisonView]
    note: str


class SuitabilitySummary(Schema):
    score: float
    category: str


class QualitySummary(Schema):
    status: str
    overall_quality: float | None = None
    sharpness: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    uniqueness: float | None = None
    issues: list[str] = []
    suitability: SuitabilitySummary | None = None
    scored_at: datetime | None = None


class AssetSummary(Schema):
    asset_id: str
    filename: str
    created_at: datetime
    width: int
    height: int
    bytes: int
    format: str
    status: str
    stages: dict[str, str]
    thumbnail_url: str | None
    quality: QualitySummary
    nearest: NearestView | None


class AssetList(Schema):
    assets: list[AssetSummary]
    next_cursor: str | None


class DuplicateMember(Schema):
    """`distance` in bits of the perceptual hash to the best image of the group.

    `perceptual_hash` tells the distance of any two: the bits in which theirs differ.
    """

    asset_id: str
    filename: str
    created_at: datetime
    width: int
    height: int
    bytes: int
    distance: int
    perceptual_hash: str
    is_best: bool
    overall_quality: float
    thumbnail_url: str | None


class DuplicateGroup(Schema):
    """`best` is the one to keep. Not `is_whole`: the group has more members than are told.

    Members are near-duplicates of each other where fewer than `flagged_below` bits differ. Of a chain the ends can
    differ in more: delete only what is a near-duplicate of the one that you keep.
    """

    best: str
    flagged_below: int
    members: list[DuplicateMember]
    is_whole: bool


class DuplicateList(Schema):
    groups: list[DuplicateGroup]
    next_cursor: str | None


class StatisticsView(Schema):
    """`histograms` have `bins` counts over 0-1 for each metric; an image without a value is in none.

    `scorer_versions` counts the scored images by the version of the scorer that they were scored with.
    """

    project: str
    assets: int
    bytes: int
    status: dict[str, int]
    category: dict[str, int]
    issues: dict[str, int]
    scorer_versions: dict[str, int]
    histograms: dict[str, list[int]]
    bins: int


class Health(Schema):
    status: str = "ok"
