"""What follows when an image is deleted: those that it was nearest to look anew."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from shared.clock import Clock, utc_now
from shared.domain.asset import Asset, Nearest
from shared.domain.grave import Grave
from shared.domain.likeness import with_nearest
from shared.domain.member import Member
from shared.usecases.find_nearest import Likeness, find_anew


def forget_asset(
    grave: Grave, on: Likeness, has_time: Callable[[], bool] = lambda: True, clock: Clock = utc_now
) -> bool:
    """Take a deleted image out of the hashes, and find a new nearest for each that had it. Safe to run twice.

    False when the time was not enough for all of them: run again, it goes on with those that are left.

    Each gives its nearest up before the hashes are read: an image that comes in between and is not yet read sees that
    there is nothing nearer, and takes the place itself.
    """
    on.hashes.remove(grave.tenant, grave.project, Member(grave.asset_id, grave.created_at, 0, is_removed=True))
    for asset_id, distance in on.catalog.followers(grave.asset_id, grave.created_at):
        if not has_time():
            return False
        gone = Nearest(grave.asset_id, grave.created_at, distance)
        asset = on.catalog.change(asset_id, partial(_without, gone=gone), clock())
        if asset is not None:
            find_anew(asset, on, clock)
        on.catalog.unfollow(gone, asset_id)
    return True


def _without(asset: Asset, gone: Nearest) -> Asset:
    return with_nearest(asset, None) if asset.nearest == gone else asset
