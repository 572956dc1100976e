"""A small client for Darkroom: uploads, jobs, assets and renditions."""

from darkroom.access import Metrics, Quotas
from darkroom.actions import (
    CancelReceipt,
    Cleanup,
    DryRun,
    PoisonRecord,
    QualityOptions,
    Reopened,
    Sample,
    StartedJob,
    Ticket,
    WouldFail,
)
from darkroom.api import Client
from darkroom.comparing import compare_file
from darkroom.downloads import download_renditions
from darkroom.errors import (
    ApiError,
    ConfigError,
    DarkroomError,
    FieldError,
    StorageError,
    UnexpectedAnswer,
    Unreachable,
)
from darkroom.listings import AssetFilter, AssetSummary, Statistics
from darkroom.models import (
    Asset,
    Compared,
    CompareVerdict,
    Comparison,
    Grant,
    GrantedTask,
    Job,
    NewFile,
    Quality,
    Rendition,
    ScratchGrant,
    Task,
    TaskError,
    UploadSession,
)
from darkroom.progress import Progress
from darkroom.retry import RetryPolicy
from darkroom.uploading import UploadReport, upload_files
from darkroom.verdicts import Verdict
from darkroom.watching import watch

__all__ = [
    "ApiError",
    "Asset",
    "AssetFilter",
    "AssetSummary",
    "CancelReceipt",
    "Cleanup",
    "Client",
    "CompareVerdict",
    "Compared",
    "Comparison",
    "ConfigError",
    "DarkroomError",
    "DryRun",
    "FieldError",
    "Grant",
    "GrantedTask",
    "Job",
    "Metrics",
    "NewFile",
    "PoisonRecord",
    "Progress",
    "Quality",
    "QualityOptions",
    "Quotas",
    "Rendition",
    "Reopened",
    "RetryPolicy",
    "Sample",
    "ScratchGrant",
    "StartedJob",
    "Statistics",
    "StorageError",
    "Task",
    "TaskError",
    "Ticket",
    "UnexpectedAnswer",
    "Unreachable",
    "UploadReport",
    "UploadSession",
    "Verdict",
    "WouldFail",
    "compare_file",
    "download_renditions",
    "upload_files",
    "watch",
]
