"""A member of a project's hashes: what is kept of an image for finding its duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Member:
    """One image of a project: its hash (64 bits), and what it is sorted by."""

    asset_id: str
    created_at: datetime
    hash: int
    is_removed: bool = False
    """A removed member takes an earlier record of the same image out."""
