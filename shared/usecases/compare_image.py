"""Compare an image with an asset's original and each of its renditions."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.ids import checked_asset_id, checked_scratch_id
from shared.domain.imaging.compare import COMPARED_EDGE, Comparison, Picture, compare
from shared.domain.imaging.inspect import inspect_image
from shared.domain.keys import scratch_key
from shared.domain.limits import Limits
from shared.domain.presets import is_current
from shared.errors import NotFound, OriginalGone
from shared.schemas import Compared, CompareVerdict, CompareWith, ComparisonView
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.presets import PresetStore

NOTE = (
    "Compared upright, in 8-bit sRGB on white, first frame. The larger side is scaled to the smaller one's size, "
    f"longest edge {COMPARED_EDGE} pixels at most; `stretched` says that their shapes differ. "
    "psnr_db is null when no pixel differs."
)


@dataclass(frozen=True)
class Comparing:
    """What the use case works with."""

    catalog: CatalogStore
    originals: OriginalStore
    renditions: RenditionStore
    presets: PresetStore
    limits: Limits


def compare_image(asset_id: str, image: bytes | CompareWith, tenant: str, on: Comparing) -> Compared:
    """With the original, and the renditions that are as their presets are now. Nothing is kept of the image.

    Raises InvalidId; NotFound, also for another tenant's; OriginalGone; NotReady; a Refused for an image that an
    upload would be refused for.
    """
    asset = on.catalog.read(checked_asset_id(asset_id), tenant)
    theirs = Picture(image if isinstance(image, bytes) else _fetch(image, tenant, on))
    inspect_image(theirs.data, on.limits)
    original = on.originals.read(asset.original)
    views = {"original": _view(original, theirs)}
    del original
    # Not before: the original may be as large, and its decoder need as much memory.
    theirs.keep_decoded()
    current = [asset.renditions[row.name] for row in on.presets.read(tenant) if is_current(asset, row)]
    for rendition in sorted(current, key=lambda found: (found.width, found.preset)):
        views[rendition.preset] = _view(on.renditions.read(rendition.key), theirs)
    return Compared(asset_id=asset.asset_id, comparisons=views, note=NOTE)


def _fetch(named: CompareWith, tenant: str, on: Comparing) -> bytes:
    if named.asset_id is not None:
        return on.originals.read(on.catalog.read(checked_asset_id(named.asset_id), tenant).original)
    try:
        return on.originals.read_latest(scratch_key(tenant, checked_scratch_id(named.scratch_id or "")))
    except OriginalGone as error:
        raise NotFound("No image was uploaded for this scratch_id, or a day has passed since.") from error


def _view(ours: bytes, theirs: Picture) -> ComparisonView:
    found: Comparison = compare(Picture(ours), theirs)
    return ComparisonView(
        file_size_bytes=len(ours),
        width=found.width,
        height=found.height,
        alignment=found.alignment,
        psnr_db=None if found.psnr_db is None else round(found.psnr_db, 2),
        ssim=None if found.ssim is None else round(found.ssim, 4),
        perceptual_hash_distance=found.hash_distance,
        identical=found.is_identical,
        verdict=CompareVerdict(quality=found.quality, likeness=found.likeness),
    )
