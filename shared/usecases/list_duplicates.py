"""List a project's groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, takewhile

from shared.domain.asset import Asset
from shared.domain.duplicates import (
    MAX_MEMBERS,
    NEAR_DUPLICATE,
    Group,
    Member,
    earliest_flagged,
    group_of,
    is_flagged,
    is_near,
)
from shared.domain.listing import AssetQuery, Sort, decode_cursor, encode_cursor, index_of
from shared.domain.presets import thumbnail_of
from shared.domain.scoring import FLAGGED_BELOW
from shared.schemas import DuplicateGroup, DuplicateList, DuplicateMember
from shared.stores.catalog import CatalogStore
from shared.usecases.list_assets import Listing
from shared.views import Sign

FLAGGED = AssetQuery(sort=Sort.CREATED, is_descending=False, issue=NEAR_DUPLICATE)
PAGE = 25
"""Flagged images that one answer looks at."""


@dataclass
class _Tree:
    """A group as it is read, level by level: its members by id, and those of the last level."""

    members: dict[str, Asset]
    level: list[Asset]

    @property
    def is_growing(self) -> bool:
        return bool(self.level) and len(self.members) < MAX_MEMBERS

    @property
    def shown(self) -> list[Asset]:
        """All but one that is being scored."""
        return [asset for asset in self.members.values() if (asset.quality or {}).get("perceptual_hash")][:MAX_MEMBERS]


def list_duplicates(tenant: str, project: str, cursor: str | None, on: Listing) -> DuplicateList:
    """The groups whose earliest flagged image is on this page of flagged ones; so each group is told once.

    Reads a page of one index, and of each group its members: nothing that grows with the project. A page may hold no
    group and still have a `next_cursor`. Raises InvalidCursor.
    """
    after = decode_cursor(tenant, project, FLAGGED, cursor) if cursor else None
    page = on.listings.page(tenant, project, FLAGGED, index_of(FLAGGED), after, PAGE)
    known = on.catalog.find_all(page.asset_ids)
    roots = _roots([known[asset_id] for asset_id in page.asset_ids if asset_id in known], known, on.catalog)
    trees = {root.asset_id: _Tree({root.asset_id: root}, [root]) for root in roots.values()}
    _grow(list(trees.values()), known, on.catalog)
    # What hangs on another is later than that: the earliest flagged one is there by now.
    told = [
        trees[root.asset_id]
        for asset_id, root in roots.items()
        if earliest_flagged(trees[root.asset_id].shown) == asset_id
    ]
    while growing := [tree for tree in told if tree.is_growing]:
        _grow(growing, known, on.catalog)
    sign = partial(on.renditions.sign_url, lifetime_s=on.url_lifetime_s)
    return DuplicateList(
        groups=[_view(group_of(tree.shown, is_whole=not tree.level), sign) for tree in told],
        next_cursor=encode_cursor(tenant, project, FLAGGED, page.last) if page.last else None,
    )


def _roots(found: list[Asset], known: dict[str, Asset], catalog: CatalogStore) -> dict[str, Asset]:
    """By each image that may be its group's earliest flagged one the root, which is not flagged itself.

    What hangs on a flagged image is not the earliest.
    """
    nearest = {asset.asset_id: asset.nearest.asset_id for asset in found if asset.nearest and is_flagged(asset)}
    known |= catalog.find_all(parent for parent in nearest.values() if parent not in known)
    # A parent that is gone was deleted a moment ago: its followers are about to look anew.
    parents = {asset_id: known.get(parent, known[asset_id]) for asset_id, parent in nearest.items()}
    return {
        asset_id: parent
        for asset_id, parent in parents.items()
        if parent.asset_id == asset_id or not is_flagged(parent)
    }


def _grow(trees: list[_Tree], known: dict[str, Asset], catalog: CatalogStore) -> None:
    """Read the next level of each."""
    levels = [list(islice(_followers(tree.level, catalog), MAX_MEMBERS)) for tree in trees]
    known |= catalog.find_all(found for ids in levels for found in ids if found not in known)
    for tree, ids in zip(trees, levels, strict=True):
        found = [known[asset_id] for asset_id in ids if asset_id in known and asset_id not in tree.members]
        tree.level = [asset for asset in found if is_flagged(asset)]
        tree.members |= {asset.asset_id: asset for asset in tree.level}


def _followers(assets: list[Asset], catalog: CatalogStore) -> Iterator[str]:
    """The flagged ones that hang on them, of each the nearest first."""
    for asset in assets:
        found = catalog.followers(asset.asset_id, asset.created_at)
        yield from (asset_id for asset_id, _ in takewhile(lambda follower: is_near(follower[1]), found))


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
