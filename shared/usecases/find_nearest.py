"""Find an image's nearest earlier image in its project, and tell the later ones whose nearest it is.

Whatever the order in which images are scored, and whoever else is at work, the end is what one pass over all of them
in the order of (created_at, asset_id) would give: each image adds its own hash first and reads all hashes then, so of
two images at once at least one sees the other; and a nearest is only ever replaced by a nearer one, unless it is
deleted (see `forget_asset`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from shared.clock import Clock
from shared.domain.asset import Asset, Nearest
from shared.domain.hashes import find_member, neighbours
from shared.domain.likeness import with_nearer
from shared.domain.member import Member
from shared.stores.catalog import CatalogStore, NeighbourGone
from shared.stores.hashes import HashStore


@dataclass(frozen=True)
class Likeness:
    """What the use case works with."""

    catalog: CatalogStore
    hashes: HashStore


@dataclass(frozen=True)
class Scored:
    """An image with its new scores (`asdict` of a Score), not yet saved."""

    tenant: str
    project: str
    asset_id: str
    creator: str
    created_at: datetime
    quality: Mapping[str, Any]
    attempts: int

    @property
    def member(self) -> Member | None:
        """None for a uniform image: it has no hash, and is nobody's duplicate."""
        found = self.quality["perceptual_hash"]
        return None if found is None else Member(self.asset_id, self.created_at, int(found, 16))


def save_with_nearest(scored: Scored, on: Likeness, clock: Clock) -> bool:
    """Save an image's scores with its nearest image, and lower the nearest of later ones. False when it is gone."""
    member = scored.member
    if member is None:
        return _save(scored, [], on, clock) is not None
    on.hashes.add(scored.tenant, scored.project, member)
    found = neighbours(member, on.hashes.read(scored.tenant, scored.project, clock()))
    if _save(scored, found.earlier, on, clock) is None:
        on.hashes.remove(scored.tenant, scored.project, member)
        return False
    _lower(member, found.later, on, clock)
    return True


def find_anew(asset: Asset, on: Likeness, clock: Clock) -> None:
    """Find the nearest image of one that has lost its own, even before it has a score.

    Its scorer may have looked already, and who came since was not noted where the lost one was nearer.
    """
    parts = on.hashes.read(asset.tenant, asset.project, clock())
    member = find_member(asset.asset_id, asset.created_at, parts)
    if member is None:
        return
    for candidate in neighbours(member, parts).earlier:
        try:
            on.catalog.change(asset.asset_id, partial(with_nearer, candidate=candidate), clock(), asset.creator)
        except NeighbourGone:
            continue
        return


def _save(scored: Scored, earlier: list[Nearest], on: Likeness, clock: Clock) -> Asset | None:
    """With the nearest that still exists."""
    for nearest in (*earlier, None):
        try:
            return on.catalog.save_score(
                scored.asset_id, scored.creator, scored.quality, scored.attempts, clock(), nearest
            )
        except NeighbourGone:
            continue
    return None


def _lower(member: Member, later: list[Nearest], on: Likeness, clock: Clock) -> None:
    standing = on.catalog.find_all(near.asset_id for near in later)
    for near in later:
        candidate = Nearest(member.asset_id, member.created_at, near.distance)
        asset = standing.get(near.asset_id)
        if asset is None or asset.created_at != near.created_at or with_nearer(asset, candidate) == asset:
            continue
        try:
            on.catalog.change(asset.asset_id, partial(with_nearer, candidate=candidate), clock(), asset.creator)
        except NeighbourGone:
            return  # this image itself was deleted meanwhile
