"""Likeness inside a project: which earlier image an image looks most like, and what that makes of its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from shared.domain.asset import Asset, Nearest
from shared.domain.scoring import read_score, uniqueness_of, with_uniqueness


def with_score(asset: Asset, quality: Mapping[str, Any]) -> Asset:
    """The asset with new scores (`asdict` of a Score), and with what its nearest image makes of them."""
    return _rejoined(replace(asset, quality=quality))


def with_nearest(asset: Asset, nearest: Nearest | None) -> Asset:
    """The asset with this image as its nearest, whatever was known before."""
    return _rejoined(replace(asset, nearest=nearest))


def with_nearer(asset: Asset, candidate: Nearest | None) -> Asset:
    """The asset with the nearer of the candidate and what is known; of two as near, the earlier."""
    if candidate is None or (asset.nearest is not None and rank(asset.nearest) <= rank(candidate)):
        return asset
    return with_nearest(asset, candidate)


def rank(nearest: Nearest) -> tuple[int, datetime, str]:
    """Sorts candidates, the nearest first: whatever the order in which they were found, the same one wins."""
    return nearest.distance, nearest.created_at, nearest.asset_id


def _rejoined(asset: Asset) -> Asset:
    score = read_score(asset.quality) if asset.quality else None
    if score is None:
        return asset
    joined = with_uniqueness(score, uniqueness_of(asset.nearest.distance if asset.nearest else None))
    # As it comes back from the table, so that the same again is no change.
    return replace(asset, quality={**(asset.quality or {}), **asdict(joined), "issues": list(joined.issues)})
