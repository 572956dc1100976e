"""Ids: how each is made, and how a wrong one is told."""

from __future__ import annotations

import hashlib
import re
from base64 import b32encode
from datetime import UTC, datetime

from ulid import ULID

from shared.errors import InvalidId

# The job's creation time is in its id, so that an id older than a job's life answers "expired", not "not found".
JOB_ID = re.compile(r"job_[0-7][0-9a-hjkmnp-tv-z]{25}")
ASSET_ID = re.compile(r"asset_[a-z2-7]{32}")
SCRATCH_ID = re.compile(r"scratch_[a-z2-7]{32}")
TASK_ID = re.compile(r"t\d{5,8}")
TENANT_ID = re.compile(r"tenant_[0-9a-z]{26}")
PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
LAST_TIME = datetime(9000, 1, 1, tzinfo=UTC)
"""Later times are in no job's id, and leave the calendar once something is added to them."""

API_KEY = re.compile(r"dk_([0-9a-z]{16})_([0-9A-Za-z_-]{43})")


def job_id_at(now: datetime, randomness: bytes) -> str:
    """A new job's id: `job_` and a ULID of `now` (milliseconds) and 10 random bytes."""
    return f"job_{ulid_at(now, randomness)}"


def ulid_at(now: datetime, randomness: bytes) -> str:
    """26 characters, sorted by time to the millisecond, from 10 random bytes."""
    milliseconds = int(now.timestamp() * 1000)
    return str(ULID.from_bytes(milliseconds.to_bytes(6, "big") + randomness)).lower()


def job_created_at(job_id: str) -> datetime:
    """When the job of this id was created. Raises InvalidId for anything that is not a job id."""
    if not JOB_ID.fullmatch(job_id):
        raise InvalidId("A job id is `job_` and 26 characters.")
    milliseconds = ULID.from_str(job_id.removeprefix("job_").upper()).milliseconds
    if milliseconds >= LAST_TIME.timestamp() * 1000:
        raise InvalidId("A job id holds the time at which the job was created.")
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def task_id_at(index: int, total: int = 0) -> str:
    """The id of the nth of `total` tasks, counted from 0; sorted as text they are in the job's order."""
    return f"t{index:0{max(5, len(str(total - 1)))}d}"


def asset_id_of(tenant: str, project: str, sha256: str) -> str:
    """An asset's identity is its content within its project: equal bytes make an equal id, always.

    160 bits of SHA-256, enough that two different images never meet, and nothing that can be guessed.
    """
    digest = hashlib.sha256(f"{tenant}/{project}/{sha256}".encode()).digest()
    return "asset_" + b32encode(digest[:20]).decode().lower()


def checked_asset_id(asset_id: str) -> str:
    """The id itself; raises InvalidId for anything that is not an asset id."""
    if not ASSET_ID.fullmatch(asset_id):
        raise InvalidId("An asset id is `asset_` and 32 characters.")
    return asset_id


def scratch_id_of(randomness: bytes) -> str:
    """The id of an image that is only compared, from 20 random bytes."""
    return "scratch_" + b32encode(randomness).decode().lower()


def checked_scratch_id(scratch_id: str) -> str:
    """The id itself; raises InvalidId for anything that is not the id of such an image."""
    if not SCRATCH_ID.fullmatch(scratch_id):
        raise InvalidId("A scratch id is `scratch_` and 32 characters.")
    return scratch_id
