"""List a project's groups of near-duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice, takewhile

from shared.domain.asset import Asset
from shared.domain.duplicates import MAX_MEMBERS, NEAR_DUPLICATE, Group, Member, group_of, is_flagged, is_near
from shared.domain.listing import AssetQuery, Sort, decode_cursor, encode_cursor, index_of
from shared.domain.presets import thumbnail_of
from shared.schemas import DuplicateGroup, DuplicateList, DuplicateMember
from shared.stores.catalog import CatalogStore
from shared.usecases.list_assets import Listing
from shared.views import Sign

FLAGGED = AssetQuery(sort=Sort.CREATED, is_descending=False, issue=NEAR_DUPLICATE)
PAGE = 25
"""Flagged images that one answer looks at."""


def list_duplicates(tenant: str, project: str, cursor: str | None, on: Listing) -> DuplicateList:
    """The groups whose earliest flagged image is on this page of flagged ones; so each group is told once.

    Reads a page of one index, and of each group its members: nothing that grows with the project. A page may hold no
    group and still have a `next_cursor`. Raises InvalidCursor.
    """
    after = decode_cursor(tenant, project, FLAGGED, cursor) if cursor else None
    page = on.listings.page(tenant, project, FLAGGED, index_of(FLAGGED), after, PAGE)
    known = on.catalog.find_all(page.asset_ids)
    groups: dict[str, Group] = {}
    told: list[Group] = []
    for flagged in (known[asset_id] for asset_id in page.asset_ids if asset_id in known):
        root = _root(flagged, known, on.catalog)
        if root.asset_id not in groups:
            groups[root.asset_id] = _group(root, known, on.catalog)
        group = groups[root.asset_id]
        if _first_flagged(group) == flagged.asset_id:
            told.append(group)
    sign = partial(on.renditions.sign_url, lifetime_s=on.url_lifetime_s)
    return DuplicateList(
        groups=[_view(group, sign) for group in told],
        next_cursor=encode_cursor(tenant, project, FLAGGED, page.last) if page.last else None,
    )


def _root(asset: Asset, known: dict[str, Asset], catalog: CatalogStore) -> Asset:
    """The image that the whole group hangs on: it is not flagged itself."""
    for _ in range(MAX_MEMBERS):
        if asset.nearest is None or not is_flagged(asset):
            return asset
        parent = known.get(asset.nearest.asset_id) or catalog.find(asset.nearest.asset_id)
        if parent is None:
            return asset  # deleted a moment ago: its followers are about to look anew
        known[parent.asset_id] = asset = parent
    return asset


def _group(root: Asset, known: dict[str, Asset], catalog: CatalogStore) -> Group:
    """The root and all that hangs on it, level by level."""
    members, level = {root.asset_id: root}, [root]
    while level and len(members) < MAX_MEMBERS:
        ids = list(islice(_followers(level, catalog), MAX_MEMBERS))
        known |= catalog.find_all(found for found in ids if found not in known)
        level = [known[found] for found in ids if found in known and found not in members and is_flagged(known[found])]
        members |= {asset.asset_id: asset for asset in level}
    hashed = [
        asset for asset in members.values() if (asset.quality or {}).get("perceptual_hash")
    ]  # one is being scored
    return group_of(hashed[:MAX_MEMBERS], is_whole=not level)


def _followers(assets: list[Asset], catalog: CatalogStore) -> Iterator[str]:
    """The flagged ones that hang on them, of each the nearest first."""
    for asset in assets:
        found = catalog.followers(asset.asset_id, asset.created_at)
        yield from (asset_id for asset_id, _ in takewhile(lambda follower: is_near(follower[1]), found))


def _first_flagged(group: Group) -> str | None:
    return next((member.asset.asset_id for member in group.members if is_flagged(member.asset)), None)


def _view(group: Group, sign: Sign) -> DuplicateGroup:
    members = [_member_view(member, group, sign) for member in group.members]
    return DuplicateGroup(best=group.best.asset_id, members=members, is_whole=group.is_whole)


def _member_view(member: Member, group: Group, sign: Sign) -> DuplicateMember:
    asset = member.asset
    thumbnail = thumbnail_of(asset.renditions.values())
    return DuplicateMember(
        asset_id=asset.asset_id,
        filename=asset.filename,
        created_at=asset.created_at,
        width=asset.width,
        height=asset.height,
        bytes=asset.bytes,
        distance=member.distance,
        is_best=asset.asset_id == group.best.asset_id,
        overall_quality=(asset.quality or {})["overall_quality"],
        thumbnail_url=sign(thumbnail.key) if thumbnail else None,
    )
