"""A grave: what an asset left behind in the buckets, until purge takes it away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from shared.domain.asset import Asset, Original, StoredRendition
from shared.domain.ids import ASSET_ID, TENANT_ID
from shared.domain.keys import CREATOR
from shared.errors import InvalidCursor

_PLACE = re.compile(rf"({TENANT_ID.pattern})/([0-9T:.+-]+)/({ASSET_ID.pattern})/({CREATOR})/(\d*)")


@dataclass(frozen=True)
class Grave:
    """`original` is None where only renditions were replaced; the asset lives on. `revision` tells its graves apart."""

    asset_id: str
    creator: str
    tenant: str
    project: str
    created_at: datetime
    """Of the asset, not of the grave."""
    buried_at: datetime
    revision: int
    original: Original | None
    original_bytes: int
    renditions: tuple[StoredRendition, ...]

    @property
    def bytes(self) -> int:
        return self.original_bytes + sum(rendition.bytes for rendition in self.renditions)


@dataclass(frozen=True)
class Place:
    """Where a walk along the graves goes on: behind this one. Tenant by tenant, the oldest grave first."""

    tenant: str
    buried_at: str
    asset_id: str
    creator: str
    revision: int | None
    """None of a deleted asset's grave."""

    def __str__(self) -> str:
        revision = "" if self.revision is None else self.revision
        return f"{self.tenant}/{self.buried_at}/{self.asset_id}/{self.creator}/{revision}"


def parse_place(cursor: str) -> Place:
    """A place from its text. Raises InvalidCursor."""
    match = _PLACE.fullmatch(cursor)
    if match is None:
        raise InvalidCursor("Send the `next_cursor` of the last answer, unchanged.")
    return Place(match[1], match[2], match[3], match[4], int(match[5]) if match[5] else None)


def burial(before: Asset | None, after: Asset | None, now: datetime) -> Grave | None:
    """The grave of all that `before` has in the buckets and `after` no longer names; None when that is nothing.

    A deleted asset always leaves one: it also says that this very asset was deleted, and must not come back.
    """
    if before is None:
        return None
    kept = {rendition.key for rendition in after.renditions.values()} if after else set()
    renditions = tuple(rendition for rendition in before.renditions.values() if rendition.key not in kept)
    if after is not None and not renditions:
        return None
    return Grave(
        asset_id=before.asset_id,
        creator=before.creator,
        tenant=before.tenant,
        project=before.project,
        created_at=before.created_at,
        buried_at=now,
        revision=before.revision,
        original=None if after else before.original,
        original_bytes=0 if after else before.bytes,
        renditions=renditions,
    )
