"""Make an asset's renditions, thumbnails first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from shared.clock import Clock, utc_now
from shared.domain.asset import StoredRendition
from shared.domain.imaging.renditions import Rendition
from shared.domain.imaging.renditions import make_renditions as make
from shared.domain.keys import rendition_key, renditions_prefix
from shared.domain.presets import Preset, content_type, eager, extension, is_current, recipe_hash, thumbnail_of
from shared.domain.stage import Stage
from shared.domain.task import Task, TaskError
from shared.messages import AssetRequest
from shared.observability import count, logger
from shared.stores.catalog import CatalogStore, Overtaken
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.presets import PresetStore
from shared.stores.rows import to_text
from shared.usecases.attempt_stage import Workbench, attempt_stage

STAGES = (Stage.THUMBNAILS, Stage.VARIANTS)


@dataclass(frozen=True)
class RenditionWork:
    """What the use case works with."""

    bench: Workbench
    catalog: CatalogStore
    originals: OriginalStore
    renditions: RenditionStore
    presets: PresetStore


def make_renditions(request: AssetRequest, on: RenditionWork, clock: Clock = utc_now) -> None:
    """Make, store and record every eager preset, or with `only_missing` those that are not there as they are now.

    The presets are read once, for both stages. Safe to run twice, also when they changed in between: each rendition
    says its recipe, and one that is not there as it is now is made once it is asked for.
    """
    presets = _wanted(request, on)
    made = _made_lazily(request, presets, on.originals)
    is_begun = request.is_begun
    for stage in STAGES:
        attempt = attempt_stage(
            request.task,
            request.tenant,
            stage,
            request,
            on.bench,
            clock,
            partial(_make_stage, request, stage, made, _of(stage, presets), on, clock),
            partial(_note_failure, request.asset_id, stage, on.catalog, clock),
            may_begin=False if is_begun else None,
        )
        is_begun = is_begun or attempt.is_begun
        if attempt.failed_as:  # an iterator that raised is at its end; a new one says itself why the next stage fails
            made = _made_lazily(request, presets, on.originals)


def _wanted(request: AssetRequest, on: RenditionWork) -> list[Preset]:
    presets = eager(on.presets.read(request.tenant))
    asset = on.catalog.find(request.asset_id) if request.only_missing else None
    return [preset for preset in presets if asset is None or not is_current(asset, preset)]


def _of(stage: Stage, presets: Sequence[Preset]) -> list[Preset]:
    return [preset for preset in presets if preset.stage is stage]


def _made_lazily(request: AssetRequest, presets: Sequence[Preset], originals: OriginalStore) -> Iterator[Rendition]:
    """Every rendition in the order of the stages: read and decoded once, at the first one asked for."""
    in_order = [preset for stage in STAGES for preset in _of(stage, presets)]
    if in_order:
        yield from make(originals.read(request.original), in_order)


def _make_stage(
    request: AssetRequest,
    stage: Stage,
    made: Iterator[Rendition],
    presets: Sequence[Preset],
    on: RenditionWork,
    clock: Clock,
    task: Task,
    attempts: int,
) -> None:
    # A redelivery whose thumbnails are recorded skips over theirs.
    found = list(islice((rendition for rendition in made if rendition.preset.stage is stage), len(presets)))
    prefix = renditions_prefix(request.tenant, request.asset_id, request.creator)
    asset_id, creator, catalog, edition = request.asset_id, request.creator, on.catalog, request.edition
    while True:
        stored = [store_rendition(prefix, rendition, edition, on.renditions, clock()) for rendition in found]
        try:
            is_saved = catalog.save_renditions(asset_id, creator, stage, stored, attempts, clock(), edition)
            break
        except Overtaken as overtaken:
            edition = overtaken.edition
    if not is_saved:
        take_back(asset_id, creator, stored, on)
        on.bench.tasks.skip(task.ref, clock())
        return
    on.bench.tasks.finish_stage(task.ref, stage, clock(), **_thumbnail_for(task, stage, stored))
    if stage is Stage.VARIANTS:
        count("ImagesRendered")
    logger.info("stage completed", job_id=task.job_id, task_id=task.task_id, asset_id=asset_id, stage=stage)


def _thumbnail_for(task: Task, stage: Stage, stored: Sequence[StoredRendition]) -> dict[str, str]:
    """What the task shows from now on: a variant only where no thumbnail is made."""
    thumbnail = thumbnail_of(stored)
    is_wanted = stage is Stage.THUMBNAILS or not task.thumbnail_key
    return {"thumbnail_key": thumbnail.key} if thumbnail and is_wanted else {}


def take_back(asset_id: str, creator: str, stored: Sequence[StoredRendition], on: RenditionWork) -> None:
    """Delete what was made of an image that was deleted meanwhile, but for what had been recorded: that has a grave."""
    buried = on.catalog.buried_keys(asset_id, creator)
    on.renditions.delete([rendition.key for rendition in stored if rendition.key not in buried])


def _note_failure(
    asset_id: str, stage: Stage, catalog: CatalogStore, clock: Clock, attempts: int, error: TaskError
) -> None:
    catalog.fail_stage(asset_id, stage, attempts, error, clock())


def store_rendition(
    prefix: str, rendition: Rendition, edition: int, store: RenditionStore, now: datetime
) -> StoredRendition:
    """Put a rendition where its recipe says, under the asset's prefix; what there is to record of it."""
    preset, recipe = rendition.preset, recipe_hash(rendition.preset)
    key = rendition_key(prefix, preset.name, recipe, extension(rendition.format), edition)
    store.put(key, rendition.data, content_type(rendition.format))
    return StoredRendition(
        preset=preset.name,
        key=key,
        format=rendition.format,
        width=rendition.width,
        height=rendition.height,
        bytes=len(rendition.data),
        quality=preset.quality,
        recipe=recipe,
        created_at=to_text(now) or "",
    )
