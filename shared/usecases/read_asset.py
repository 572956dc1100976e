"""Read an asset, and find one of its renditions."""

from __future__ import annotations

from functools import partial

from shared.domain.ids import checked_asset_id
from shared.domain.presets import BUILT_IN
from shared.domain.task import StageStatus
from shared.errors import NotReady, RenditionFailed, UnknownPreset
from shared.schemas import AssetView
from shared.stores.catalog import CatalogStore
from shared.stores.images import RenditionStore
from shared.views import asset_view


def read_asset(
    asset_id: str, tenant: str, catalog: CatalogStore, renditions: RenditionStore, url_lifetime_s: int
) -> AssetView:
    """An asset with short-lived URLs of its renditions. Raises InvalidId, or NotFound, also for another tenant's."""
    asset = catalog.read(checked_asset_id(asset_id), tenant)
    return asset_view(asset, partial(renditions.sign_url, lifetime_s=url_lifetime_s))


def find_rendition(
    asset_id: str, preset: str, tenant: str, catalog: CatalogStore, renditions: RenditionStore, url_lifetime_s: int
) -> str:
    """A short-lived URL. Raises UnknownPreset, NotReady while it is made, RenditionFailed when it never will be."""
    asset = catalog.read(checked_asset_id(asset_id), tenant)
    made = asset.renditions.get(preset)
    if made is not None:
        return renditions.sign_url(made.key, url_lifetime_s)
    recipe = next((row for row in BUILT_IN if row.name == preset and row.enabled), None)
    if recipe is None:
        raise UnknownPreset
    if asset.stages[recipe.stage] is StageStatus.FAILED:
        raise RenditionFailed
    raise NotReady
