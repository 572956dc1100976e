"""Forget that a rendition was asked for, when nobody is going to make it."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.domain.on_demand import without_asked
from shared.messages import PresetRequest
from shared.stores.catalog import CatalogStore


def forget_request(request: PresetRequest, catalog: CatalogStore, clock: Clock = utc_now) -> None:
    """Take the note back from the asset, so that who asks next asks anew. A verdict stays."""
    catalog.change(request.asset_id, lambda found: without_asked(found, request.preset, request.recipe), clock())
