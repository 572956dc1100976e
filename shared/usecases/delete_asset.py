"""Delete an asset."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.domain.ids import checked_asset_id
from shared.stores.catalog import CatalogStore


def delete_asset(asset_id: str, tenant: str, catalog: CatalogStore, clock: Clock = utc_now) -> None:
    """Gone at once; its objects await purge. Raises InvalidId, or NotFound, also for another tenant's."""
    catalog.delete(checked_asset_id(asset_id), tenant, clock())
