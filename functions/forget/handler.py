"""Catalog-table stream (assets that were deleted) → those that they were nearest to look anew."""

from typing import Any

from shared.settings import ForgetSettings
from shared.stores.catalog import CatalogStore
from shared.stores.hashes import HashStore
from shared.stores.streams import buried_assets
from shared.usecases.find_nearest import Likeness
from shared.usecases.forget_asset import forget_asset

settings = ForgetSettings.load()
on = Likeness(CatalogStore(settings.catalog_table), HashStore(settings.catalog_table, settings.renditions_bucket))


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises what could not be done; the stream then hands the batch over again, halved."""
    for grave in buried_assets(event):
        forget_asset(grave, on)
