"""Renditions to disk."""

from __future__ import annotations

import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from darkroom.api import Client
from darkroom.errors import ConfigError
from darkroom.models import Asset, Rendition

EXTENSIONS = {"jpeg": "jpg"}


def download_renditions(
    client: Client, asset: Asset, folder: Path, *, presets: Collection[str] = (), parallel: int = 8
) -> list[Path]:
    """Write an asset's renditions (all, or those of the named presets) to `folder/<preset>.<ext>`, in their order.

    Raises ConfigError for a preset that the asset has no rendition of, ApiError, StorageError, Unreachable.
    """
    has = {rendition.preset for rendition in asset.renditions}
    if missing := sorted(set(presets) - has):
        raise ConfigError(
            f"{asset.asset_id} has no rendition {', '.join(missing)}; it has {', '.join(sorted(has)) or 'none'}."
        )
    wanted = [rendition for rendition in asset.renditions if not presets or rendition.preset in presets]

    def fetch(rendition: Rendition) -> Path:
        path = folder / rendition_filename(rendition)
        path.write_bytes(client.get_rendition(asset.asset_id, rendition.preset))
        return path

    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(parallel) as pool:
        return list(pool.map(fetch, wanted))


def rendition_filename(rendition: Rendition) -> str:
    """'card.jpg' for the JPEG of the preset card."""
    extension = rendition.format.lower()
    return f"{safe_name(rendition.preset)}.{safe_name(EXTENSIONS.get(extension, extension))}"


def safe_name(name: str) -> str:
    """A server's name as a file name here: no folder, no leading dot."""
    return re.sub(r"[^\w.-]", "_", name).lstrip(".") or "_"
