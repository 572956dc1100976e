"""List a project's groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, takewhile

from shared.domain.asset import Asset
from shared.domain.duplicates import MAX_MEMBERS, NEAR_DUPLICATE, Group, Member, group_of, is_flagged, is_near, order
from shared.domain.listing import AssetQuery, Position, Sort, decode_cursor, encode_cursor, index_of
from shared.domain.presets import thumbnail_of
from shared.domain.scoring import FLAGGED_BELOW
from shared.schemas import DuplicateGroup, DuplicateList, DuplicateMember
from shared.stores.catalog import CatalogStore
from shared.stores.rows import to_text
from shared.usecases.list_assets import Listing
from shared.views import Sign

FLAGGED = AssetQuery(sort=Sort.CREATED, is_descending=False, issue=NEAR_DUPLICATE)
PAGE = 25
"""Flagged images that one answer looks at."""
PAGE_MEMBERS = 400
"""An answer ends with the group that brings it to so many images: each costs a query, and a signed URL of 2 KB."""
FIRST_LOOK = 25
"""Of many that hang on an image, one of so many was there before a given one, as a rule, if any was."""


@dataclass
class Found:
    """What was read for one answer, each once."""

    catalog: CatalogStore
    assets: dict[str, Asset] = field(default_factory=dict)
    hanging: dict[str, list[str]] = field(default_factory=dict)

    def read(self, asset_ids: Iterable[str]) -> list[Asset]:
        """Those that exist, in this order."""
        wanted = list(asset_ids)
        self.assets |= self.catalog.find_all(asset_id for asset_id in wanted if asset_id not in self.assets)
        return [self.assets[asset_id] for asset_id in wanted if asset_id in self.assets]

    def hang_on(self, root: Asset) -> list[str]:
        """The nearest of them, as many as its group has room for."""
        if root.asset_id not in self.hanging:
            self.hanging[root.asset_id] = list(islice(self.followers([root]), MAX_MEMBERS - 1))
        return self.hanging[root.asset_id]

    def followers(self, assets: list[Asset]) -> Iterator[str]:
        """Those that hang on them and are flagged once they have a score, of each the nearest first."""
        for asset in assets:
            found = self.catalog.followers(asset.asset_id, asset.created_at)
            yield from (asset_id for asset_id, _ in takewhile(lambda follower: is_near(follower[1]), found))


def list_duplicates(tenant: str, project: str, cursor: str | None, on: Listing) -> DuplicateList:
    """The groups whose earliest flagged image is on this page of flagged ones; so each group is told once.

    Reads a page of one index, and the members of the groups that it tells: nothing that grows with the project. A page
    may hold no group and still have a `next_cursor`. Raises InvalidCursor.
    """
    after = decode_cursor(tenant, project, FLAGGED, cursor) if cursor else None
    page = on.listings.page(tenant, project, FLAGGED, index_of(FLAGGED), after, PAGE)
    found = Found(on.catalog)
    flagged = [asset for asset in found.read(page.asset_ids) if is_flagged(asset)]
    found.read(asset.nearest.asset_id for asset in flagged if asset.nearest)
    groups: list[Group] = []
    last = page.last
    for asset in flagged:
        if group := _told_by(asset, found):
            groups.append(group)
        if sum(len(group.members) for group in groups) >= PAGE_MEMBERS:
            last = Position(to_text(asset.created_at) or "", asset.asset_id)
            break
    sign = partial(on.renditions.sign_url, lifetime_s=on.url_lifetime_s)
    return DuplicateList(
        groups=[_view(group, sign) for group in groups],
        next_cursor=encode_cursor(tenant, project, FLAGGED, last) if last else None,
    )


def _told_by(asset: Asset, found: Found) -> Group | None:
    """The group of which this is the earliest flagged image; None when it is not.

    The earliest one hangs on the root, which is not flagged itself. Those whose nearest was deleted a moment ago are
    about to look anew, and are told then.
    """
    root = found.assets.get(asset.nearest.asset_id) if asset.nearest else None
    if root is None or is_flagged(root):
        return None
    siblings = found.hang_on(root)
    is_told = asset.asset_id in siblings and _is_earliest(asset, siblings, found)
    return _group(root, siblings, found) if is_told else None


def _is_earliest(asset: Asset, siblings: list[str], found: Found) -> bool:
    for ids in (siblings[:FIRST_LOOK], siblings[FIRST_LOOK:]):
        if any(is_flagged(other) and order(other) < order(asset) for other in found.read(ids)):
            return False
    return True


def _group(root: Asset, siblings: list[str], found: Found) -> Group | None:
    """The root and all that hangs on it, level by level; None while a group of two awaits the root's score."""
    members, ids = {root.asset_id: root}, siblings
    while True:
        level = [asset for asset in found.read(ids) if is_flagged(asset) and asset.asset_id not in members]
        members |= {asset.asset_id: asset for asset in level}
        if not level or len(members) == MAX_MEMBERS:
            break
        ids = list(islice(found.followers(level), MAX_MEMBERS - len(members)))
    hashed = [asset for asset in members.values() if (asset.quality or {}).get("perceptual_hash")]
    return group_of(hashed, is_whole=not level) if len(hashed) > 1 else None


def _view(group: Group, sign: Sign) -> DuplicateGroup:
    members = [_member_view(member, group, sign) for member in group.members]
    return DuplicateGroup(
        best=group.best.asset_id, flagged_below=FLAGGED_BELOW, members=members, is_whole=group.is_whole
    )


def _member_view(member: Member, group: Group, sign: Sign) -> DuplicateMember:
    asset, quality = member.asset, member.asset.quality or {}
    thumbnail = thumbnail_of(asset.renditions.values())
    return DuplicateMember(
        asset_id=asset.asset_id,
        filename=asset.filename,
        created_at=asset.created_at,
        width=asset.width,
        height=asset.height,
        bytes=asset.bytes,
        distance=member.distance,
        perceptual_hash=quality["perceptual_hash"],
        is_best=asset.asset_id == group.best.asset_id,
        overall_quality=quality["overall_quality"],
        thumbnail_url=sign(thumbnail.key) if thumbnail else None,
    )
