"""Remember that a rendition which was asked for could not be made."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.domain.on_demand import with_failed
from shared.messages import PresetRequest
from shared.observability import logger
from shared.stores.catalog import CatalogStore


def fail_rendition(request: PresetRequest, code: str, catalog: CatalogStore, clock: Clock = utc_now) -> None:
    """Note on the asset that this recipe could not be made of it, unless it is there after all."""
    catalog.change(request.asset_id, lambda found: with_failed(found, request.preset, request.recipe, code), clock())
    logger.info("rendition failed", asset_id=request.asset_id, preset=request.preset, code=code)
