"""API keys: how one is read, hashed and judged."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.domain.ids import API_KEY
from shared.errors import ExpiredKey, RevokedKey, Unauthorized


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


@dataclass(frozen=True)
class ApiKey:
    key_id: str
    secret_hash: str
    tenant: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    created_at: datetime | None = None
    label: str = ""
    """What its owner calls it."""


def split_key(text: str) -> tuple[str, str]:
    """(key id, secret) of `dk_<id>_<secret>`. Raises Unauthorized for anything else."""
    match = API_KEY.fullmatch(text)
    if not match:
        raise Unauthorized
    return match[1], match[2]


def hash_secret(secret: str) -> str:
    """SHA-256 is enough for 256 random bits; a slow hash protects guessable passwords."""
    return hashlib.sha256(secret.encode()).hexdigest()


def judge(key: ApiKey | None, secret: str, now: datetime) -> ApiKey:
    """The key, if it is good now. Raises Unauthorized, RevokedKey or ExpiredKey."""
    if key is None or not hmac.compare_digest(key.secret_hash, hash_secret(secret)):
        raise Unauthorized
    return judge_standing(key, now)


def judge_standing(key: ApiKey, now: datetime) -> ApiKey:
    """The key, if it was neither revoked nor has expired. Raises RevokedKey or ExpiredKey."""
    if key.revoked_at is not None and key.revoked_at <= now:
        raise RevokedKey
    if key.expires_at is not None and key.expires_at <= now:
        raise ExpiredKey
    return key
