"""List a project's assets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from shared.domain.listing import AssetQuery, decode_cursor, encode_cursor, index_of
from shared.schemas import AssetList
from shared.stores.catalog import CatalogStore
from shared.stores.images import RenditionStore
from shared.stores.listings import ListingStore
from shared.views import asset_summary


@dataclass(frozen=True)
class Listing:
    listings: ListingStore
    catalog: CatalogStore
    renditions: RenditionStore
    url_lifetime_s: int


def list_assets(
    tenant: str, project: str, query: AssetQuery, cursor: str | None, limit: int, listing: Listing
) -> AssetList:
    """A page of a project's assets. What was deleted a moment ago is left out, so a page can be shorter than `limit`.

    Raises InvalidRequest, UnsupportedListing, or InvalidCursor.
    """
    index = index_of(query)
    after = decode_cursor(tenant, project, query, cursor) if cursor else None
    page = listing.listings.page(tenant, project, query, index, after, limit)
    found = listing.catalog.find_all(page.asset_ids)
    sign = partial(listing.renditions.sign_url, lifetime_s=listing.url_lifetime_s)
    return AssetList(
        assets=[asset_summary(found[asset_id], sign) for asset_id in page.asset_ids if asset_id in found],
        next_cursor=encode_cursor(tenant, project, query, page.last) if page.last else None,
    )
