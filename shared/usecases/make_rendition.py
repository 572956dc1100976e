"""Make the one rendition that somebody asked for."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.domain.imaging.renditions import make_renditions as make
from shared.domain.keys import renditions_prefix
from shared.domain.presets import is_current, recipe_hash
from shared.errors import DarkroomError, Transient
from shared.messages import PresetRequest
from shared.observability import count, logger
from shared.stores.catalog import Overtaken
from shared.usecases.fail_rendition import fail_rendition
from shared.usecases.make_renditions import RenditionWork, store_rendition, take_back


def make_rendition(request: PresetRequest, on: RenditionWork, clock: Clock = utc_now) -> None:
    """Make, store and record one preset. Safe to run twice; nothing once the preset or the asset is another.

    A verdict (a permanent error) is noted on the asset and swallowed. A transient error is raised, to be tried again
    until the queue gives the message up: no task counts its attempts.
    """
    asset = on.catalog.find(request.asset_id)
    preset = next((row for row in on.presets.read(request.tenant) if row.name == request.preset), None)
    if asset is None or asset.tenant != request.tenant or preset is None or recipe_hash(preset) != request.recipe:
        return
    if is_current(asset, preset):
        return
    try:
        rendition = next(make(on.originals.read(asset.original), [preset]))
    except DarkroomError as error:
        if error.is_transient:
            raise
        fail_rendition(request, error.code, on.catalog, clock)
        return
    prefix = renditions_prefix(asset.tenant, asset.asset_id, asset.creator)
    stored = store_rendition(prefix, rendition, asset.edition, on.renditions, clock())
    try:
        is_saved = on.catalog.save_rendition(asset.asset_id, asset.creator, stored, clock(), asset.edition)
    except Overtaken as overtaken:
        raise Transient("The image is of another edition since.") from overtaken
    if not is_saved:
        take_back(asset.asset_id, asset.creator, [stored], on)
        return
    count("ImagesRendered")
    logger.info("rendition made", asset_id=asset.asset_id, preset=preset.name)
