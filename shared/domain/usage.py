"""What an asset takes of its tenant's storage: the counters that must equal the buckets."""

from __future__ import annotations

from collections import Counter

from shared.domain.asset import Asset
from shared.domain.grave import Grave


def usage_change(before: Asset | None, after: Asset | None, grave: Grave | None) -> dict[str, int]:
    """Counter → by how much it changes when an asset becomes another, or comes to be, or is deleted into a grave."""
    change = Counter(_usage(after))
    change.subtract(_usage(before))
    if grave is not None:
        change["awaiting_purge_bytes"] += grave.bytes
    return {name: by for name, by in change.items() if by}


def _usage(asset: Asset | None) -> dict[str, int]:
    if asset is None:
        return {}
    return {
        "asset_count": 1,
        "asset_bytes": asset.bytes,
        "rendition_count": len(asset.renditions),
        "rendition_bytes": sum(rendition.bytes for rendition in asset.renditions.values()),
    }
