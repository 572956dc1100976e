"""Read an asset."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from shared.domain.ids import checked_asset_id
from shared.domain.presets import is_current
from shared.schemas import AssetView
from shared.stores.catalog import CatalogStore
from shared.stores.images import RenditionStore
from shared.stores.presets import PresetStore
from shared.views import asset_view


def read_asset(
    asset_id: str,
    tenant: str,
    catalog: CatalogStore,
    presets: PresetStore,
    renditions: RenditionStore,
    url_lifetime_s: int,
) -> AssetView:
    """An asset with short-lived URLs of its renditions as their presets are now.

    Raises InvalidId, or NotFound, also for another tenant's.
    """
    asset = catalog.read(checked_asset_id(asset_id), tenant)
    current = {row.name: asset.renditions[row.name] for row in presets.read(tenant) if is_current(asset, row)}
    asset = replace(asset, renditions=current)
    return asset_view(asset, partial(renditions.sign_url, lifetime_s=url_lifetime_s))
