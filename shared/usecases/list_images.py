"""List the images of a project that a job of a kind is for."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.dispatch import CHUNK_ENTRIES, Chunk, Entry
from shared.domain.job import JobKind
from shared.domain.presets import eager, is_current
from shared.domain.scorer import SCORER_VERSION
from shared.stores.catalog import CatalogStore
from shared.stores.presets import PresetStore


@dataclass(frozen=True)
class Listing:
    """What the use case works with."""

    catalog: CatalogStore
    presets: PresetStore


def list_images(
    kind: JobKind,
    tenant: str,
    project: str,
    cursor: str | None,
    on: Listing,
    *,
    only_missing: bool,
    max_pages: int | None = None,
) -> Chunk | None:
    """A chunk of a manifest, full or the last; None when `max_pages` of the catalog were not enough to tell.

    Images without a current score are found by an index. Those whose renditions are not all current are read one by
    one, a hundred to a call: presets change too rarely to pay for an index at every image.
    """
    if kind is JobKind.QUALITY:
        return on.catalog.to_score(tenant, project, SCORER_VERSION if only_missing else None, cursor, CHUNK_ENTRIES)
    entries: list[Entry] = []
    presets = eager(on.presets.read(tenant))
    pages = 0
    while True:
        page = on.catalog.to_score(tenant, project, None, cursor, CHUNK_ENTRIES - len(entries))
        assets = on.catalog.find_all(entry.asset_id for entry in page.entries) if only_missing else {}
        entries += [
            entry
            for entry in page.entries
            if entry.asset_id not in assets or not all(is_current(assets[entry.asset_id], row) for row in presets)
        ]
        cursor, pages = page.next_cursor, pages + 1
        if cursor is None or len(entries) == CHUNK_ENTRIES:
            return Chunk(entries, cursor)
        if pages == max_pages:
            return None
