"""What follows when an image is deleted: those that it was nearest to look anew."""

from __future__ import annotations

from functools import partial

from shared.clock import Clock, utc_now
from shared.domain.asset import Asset, Nearest
from shared.domain.grave import Grave
from shared.domain.likeness import with_nearest
from shared.domain.member import Member
from shared.usecases.find_nearest import Likeness, find_anew


def forget_asset(grave: Grave, on: Likeness, clock: Clock = utc_now) -> None:
    """Take a deleted image out of the hashes, and find a new nearest for each that had it. Safe to run twice.

    Each gives its nearest up before the hashes are read: an image that comes in between and is not yet read sees that
    there is nothing nearer, and takes the place itself.
    """
    on.hashes.remove(grave.tenant, grave.project, Member(grave.asset_id, grave.created_at, 0, is_removed=True))
    for asset_id, distance in on.catalog.followers(grave.asset_id, grave.created_at):
        gone = Nearest(grave.asset_id, grave.created_at, distance)
        asset = on.catalog.change(asset_id, partial(_without, gone=gone), clock())
        if asset is not None:
            find_anew(asset, on, clock)
        on.catalog.unfollow(gone, asset_id)


def _without(asset: Asset, gone: Nearest) -> Asset:
    return with_nearest(asset, None) if asset.nearest == gone else asset
