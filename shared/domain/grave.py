"""A grave: what an asset left behind in the buckets, until purge takes it away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.domain.asset import Asset, Original, StoredRendition


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
