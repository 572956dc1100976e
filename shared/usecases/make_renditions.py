"""Make an asset's renditions, thumbnails first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice

from shared.clock import Clock, utc_now
from shared.domain.asset import StoredRendition
from shared.domain.imaging.renditions import Rendition
from shared.domain.imaging.renditions import make_renditions as make
from shared.domain.keys import rendition_key
from shared.domain.presets import BUILT_IN, THUMBNAIL, Preset, content_type, extension, recipe_hash
from shared.domain.stage import Stage
from shared.domain.task import Task
from shared.messages import AssetRequest
from shared.observability import logger
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
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


def make_renditions(request: AssetRequest, on: RenditionWork, clock: Clock = utc_now) -> None:
    """Make, store and record every preset. Safe to run twice."""
    made = _made_lazily(request, on.originals)
    for stage in STAGES:
        attempt = attempt_stage(
            request.task,
            stage,
            request,
            on.bench,
            clock,
            partial(_make_stage, request, stage, made, on, clock),
            partial(_note_failure, request.asset_id, stage, on.catalog, clock),
        )
        if attempt.failed_as:  # an iterator that raised is at its end; a new one says itself why the next stage fails
            made = _made_lazily(request, on.originals)


def _made_lazily(request: AssetRequest, originals: OriginalStore) -> Iterator[Rendition]:
    """Every rendition in the order of the stages: read and decoded once, at the first one asked for."""
    yield from make(originals.read(request.original), [preset for stage in STAGES for preset in _presets(stage)])


def _presets(stage: Stage) -> list[Preset]:
    return [preset for preset in BUILT_IN if preset.enabled and preset.stage is stage]


def _make_stage(
    request: AssetRequest,
    stage: Stage,
    made: Iterator[Rendition],
    on: RenditionWork,
    clock: Clock,
    task: Task,
    attempts: int,
) -> None:
    stored = [_store(request, rendition, on.renditions, clock()) for rendition in _take(made, stage)]
    if not on.catalog.save_renditions(request.asset_id, request.creator, stage, stored, attempts, clock()):
        on.renditions.delete([rendition.key for rendition in stored])  # deleted meanwhile; nobody else knows of these
        on.bench.tasks.skip(task.ref, clock())
        return
    thumbnail = next((rendition.key for rendition in stored if rendition.preset == THUMBNAIL), None)
    on.bench.tasks.finish_stage(task.ref, stage, clock(), **({"thumbnail_key": thumbnail} if thumbnail else {}))
    logger.info("stage completed", job_id=task.job_id, task_id=task.task_id, asset_id=request.asset_id, stage=stage)


def _note_failure(asset_id: str, stage: Stage, catalog: CatalogStore, clock: Clock, attempts: int) -> None:
    catalog.fail_stage(asset_id, stage, attempts, clock())


def _take(made: Iterator[Rendition], stage: Stage) -> list[Rendition]:
    return list(islice((rendition for rendition in made if rendition.preset.stage is stage), len(_presets(stage))))


def _store(request: AssetRequest, rendition: Rendition, store: RenditionStore, now: datetime) -> StoredRendition:
    preset, recipe = rendition.preset, recipe_hash(rendition.preset)
    key = rendition_key(
        request.tenant, request.asset_id, request.creator, preset.name, recipe, extension(rendition.format)
    )
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
