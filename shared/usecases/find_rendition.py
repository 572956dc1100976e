"""Find a rendition of an asset; one that is not there is made because it was asked for."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.clock import Clock, utc_now
from shared.domain.asset import Asset
from shared.domain.ids import checked_asset_id
from shared.domain.on_demand import PATIENCE, RETRY_AFTER_S, has_failed, is_being_made, with_asked
from shared.domain.presets import Mode, Preset, is_current, recipe_hash
from shared.domain.task import StageStatus
from shared.errors import NotFound, NotReady, RenditionFailed, Transient, UnknownPreset
from shared.messages import PresetRequest
from shared.stores.catalog import CatalogStore
from shared.stores.images import RenditionStore
from shared.stores.presets import PresetStore
from shared.stores.queues import Queue
from shared.usecases.forget_request import forget_request


@dataclass(frozen=True)
class Finding:
    """What the use case works with."""

    catalog: CatalogStore
    presets: PresetStore
    renditions: RenditionStore
    renditions_queue: Queue
    url_lifetime_s: int


def find_rendition(asset_id: str, name: str, tenant: str, on: Finding, clock: Clock = utc_now) -> str:
    """A short-lived URL of the rendition as the preset is now; an older one is never served.

    Raises UnknownPreset, RenditionFailed when it could not be made, or NotReady while it is made: by the job of the
    image's upload, or because it was asked for here, which a hundred callers at once do once.
    """
    asset = on.catalog.read(checked_asset_id(asset_id), tenant)
    preset = next((row for row in on.presets.read(tenant) if row.name == name), None)
    if preset is None:
        raise UnknownPreset
    if is_current(asset, preset):
        return on.renditions.sign_url(asset.renditions[name].key, on.url_lifetime_s)
    if not preset.enabled:
        raise UnknownPreset("The preset is switched off.")
    if has_failed(asset, preset) or _has_failed_with_its_stage(asset, preset):
        raise RenditionFailed
    if not _is_coming(asset, preset, clock()) and _ask(asset, preset, on, clock):
        request = PresetRequest(tenant=tenant, asset_id=asset_id, preset=name, recipe=recipe_hash(preset))
        _send(request, on, clock)
    raise NotReady(RETRY_AFTER_S)


def _has_failed_with_its_stage(asset: Asset, preset: Preset) -> bool:
    return preset.mode is Mode.EAGER and asset.stages[preset.stage] is StageStatus.FAILED


def _is_coming(asset: Asset, preset: Preset, now: datetime) -> bool:
    """Whether the job of the upload is yet to make it. A job that tries again later may be cancelled before it does."""
    is_open = asset.stages[preset.stage] in {StageStatus.PENDING, StageStatus.PROCESSING}
    return preset.mode is Mode.EAGER and is_open and now < asset.created_at + PATIENCE


def _ask(asset: Asset, preset: Preset, on: Finding, clock: Clock) -> bool:
    """Note on the asset that it is asked for; False when somebody else did, or it was made or failed meanwhile."""
    is_mine = False

    def step(found: Asset) -> Asset:
        nonlocal is_mine
        now = clock()
        is_mine = not (is_current(found, preset) or has_failed(found, preset) or is_being_made(found, preset, now))
        return with_asked(found, preset, now) if is_mine else found

    if on.catalog.change(asset.asset_id, step, clock(), asset.creator) is None:
        raise NotFound("There is no such asset.")
    return is_mine


def _send(request: PresetRequest, on: Finding, clock: Clock) -> None:
    try:
        on.renditions_queue.send(request)
    except Transient:
        with suppress(Transient):  # where the note cannot be taken back either, it lapses by itself
            forget_request(request, on.catalog, clock)
        raise
