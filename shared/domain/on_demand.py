"""A rendition made when it is asked for: what the asset says of it meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.asset import Asked, Asset, StoredRendition
from shared.domain.presets import Preset, recipe_hash

PATIENCE = timedelta(minutes=10)
"""Longer than a message takes that is tried again a few times. Asked twice costs a message, and makes nothing twice."""

RETRY_AFTER_S = 2
"""When it is worth looking again: most renditions take less."""


def is_being_made(asset: Asset, preset: Preset, now: datetime) -> bool:
    asked = asset.asked.get(preset.name)
    return asked is not None and asked.recipe == recipe_hash(preset) and now.timestamp() < asked.until


def has_failed(asset: Asset, preset: Preset) -> bool:
    """Whether this very recipe could not be made of the image."""
    asked = asset.asked.get(preset.name)
    return asked is not None and asked.recipe == recipe_hash(preset) and asked.failed_as is not None


def with_asked(asset: Asset, preset: Preset, now: datetime) -> Asset:
    """The asset with the preset's rendition as asked for."""
    asked = Asked(recipe_hash(preset), int((now + PATIENCE).timestamp()))
    return replace(asset, asked={**asset.asked, preset.name: asked})


def with_failed(asset: Asset, name: str, recipe: str, code: str) -> Asset:
    """The asset with this recipe of a preset as failed for good; as it is where the rendition is there after all."""
    made = asset.renditions.get(name)
    if made is not None and made.recipe == recipe:
        return asset
    return replace(asset, asked={**asset.asked, name: Asked(recipe, 0, code)})


def without_asked(asset: Asset, name: str, recipe: str) -> Asset:
    """The asset with this recipe of a preset as not asked for; as it is where that has failed for good."""
    asked = asset.asked.get(name)
    if asked is None or asked.recipe != recipe or asked.failed_as is not None:
        return asset
    return replace(asset, asked={preset: found for preset, found in asset.asked.items() if preset != name})


def with_renditions(asset: Asset, renditions: list[StoredRendition]) -> Asset:
    """The asset with these renditions, no longer asked for. One that is there under the same key stays as it is."""
    made = {rendition.preset: rendition for rendition in renditions}
    standing = {rendition.key for rendition in asset.renditions.values()}
    new = {preset: rendition for preset, rendition in made.items() if rendition.key not in standing}
    asked = {preset: found for preset, found in asset.asked.items() if preset not in made}
    return replace(asset, renditions={**asset.renditions, **new}, asked=asked)
