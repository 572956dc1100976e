"""A small client for Darkroom: uploads, jobs, assets and renditions."""

from darkroom.api import Client
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
from darkroom.models import (
    Asset,
    Grant,
    GrantedTask,
    Job,
    NewFile,
    Quality,
    Rendition,
    Task,
    TaskError,
    UploadSession,
)
from darkroom.progress import Progress
from darkroom.retry import RetryPolicy
from darkroom.uploading import UploadReport, upload_files
from darkroom.verdicts import Verdict

__all__ = [
    "ApiError",
    "Asset",
    "Client",
    "ConfigError",
    "DarkroomError",
    "FieldError",
    "Grant",
    "GrantedTask",
    "Job",
    "NewFile",
    "Progress",
    "Quality",
    "Rendition",
    "RetryPolicy",
    "StorageError",
    "Task",
    "TaskError",
    "UnexpectedAnswer",
    "Unreachable",
    "UploadReport",
    "UploadSession",
    "Verdict",
    "download_renditions",
    "upload_files",
]
