"""Groups of near-duplicates: trees of images, each of which hangs on its nearest earlier one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from shared.domain.asset import Asset
from shared.domain.scoring import FLAGGED_BELOW, read_score, with_uniqueness

NEAR_DUPLICATE = "near_duplicate"
MAX_MEMBERS = 200
"""Of one group; of a larger one, those nearest to its first image are told."""


@dataclass(frozen=True)
class Member:
    """`distance` is in bits to the best image of the group, 0 for that itself."""

    asset: Asset
    distance: int


@dataclass(frozen=True)
class Group:
    """`best` is the one to keep. Not `is_whole`: it has more members than are told."""

    best: Asset
    members: tuple[Member, ...]
    is_whole: bool = True


def is_flagged(asset: Asset) -> bool:
    """Whether it counts as a near-duplicate of its nearest earlier image."""
    return asset.nearest is not None and NEAR_DUPLICATE in (asset.quality or {}).get("issues", ())


def is_near(distance: int) -> bool:
    """Whether an image so many bits from its nearest is flagged."""
    return distance < FLAGGED_BELOW


def group_of(assets: Iterable[Asset], is_whole: bool = True) -> Group:
    """The group of these images, the earliest first, with the best of them: see `merit`."""
    members = sorted(assets, key=order)
    best = max(members, key=merit)  # of equals the first
    return Group(best, tuple(Member(asset, _distance(asset, best)) for asset in members), is_whole)


def order(asset: Asset) -> tuple[datetime, str]:
    """Sorts images, the earliest first."""
    return asset.created_at, asset.asset_id


def merit(asset: Asset) -> tuple[float, int, int]:
    """What makes an image worth keeping: its quality without its uniqueness, then its pixels, then its bytes.

    Uniqueness is left out because it tells only which one came first.
    """
    score = read_score(asset.quality or {})
    quality = with_uniqueness(score, None).overall_quality if score else 0.0
    return quality, asset.width * asset.height, asset.bytes


def _distance(one: Asset, other: Asset) -> int:
    return (_bits(one) ^ _bits(other)).bit_count()


def _bits(asset: Asset) -> int:
    return int((asset.quality or {})["perceptual_hash"], 16)
