"""List the images of a project that a job of a kind is for."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.domain.dispatch import PAGE, Chunk
from shared.domain.job import JobKind
from shared.domain.presets import eager, is_current
from shared.domain.scorer import SCORER_VERSION
from shared.stores.catalog import CatalogStore
from shared.stores.presets import PresetStore


@dataclass(frozen=True)
class Listing:
    """What the use case works with. `page` is how many images it looks at."""

    catalog: CatalogStore
    presets: PresetStore
    page: int = PAGE


def list_images(
    kind: JobKind, tenant: str, project: str, cursor: str | None, on: Listing, *, only_missing: bool
) -> Chunk:
    """The next page of a project's images: those of it that the job is for, which may be none, and where it ends.

    Images without a current score are found by an index. Those whose renditions are not all current are read one by
    one, a hundred to a call: presets change too rarely to pay for an index at every image.
    """
    below = SCORER_VERSION if only_missing and kind is JobKind.QUALITY else None
    page = on.catalog.to_score(tenant, project, below, cursor, on.page)
    if kind is JobKind.QUALITY or not only_missing:
        return page
    presets = eager(on.presets.read(tenant))
    assets = on.catalog.find_all(entry.asset_id for entry in page.entries)
    missing = [
        entry
        for entry in page.entries
        if entry.asset_id not in assets or not all(is_current(assets[entry.asset_id], row) for row in presets)
    ]
    return replace(page, entries=missing)
