"""Score an asset's quality."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial

from shared.clock import Clock, utc_now
from shared.domain.imaging.pixels import read_pixels
from shared.domain.imaging.quality import score
from shared.domain.stage import Stage
from shared.domain.task import Task
from shared.messages import AssetRequest
from shared.observability import logger
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore
from shared.stores.jobs import JobStore
from shared.stores.rows import to_text
from shared.stores.tasks import TaskStore
from shared.usecases.attempt_stage import attempt_stage


@dataclass(frozen=True)
class ScoreWork:
    """What the use case works with."""

    jobs: JobStore
    tasks: TaskStore
    catalog: CatalogStore
    originals: OriginalStore


def score_asset(request: AssetRequest, on: ScoreWork, clock: Clock = utc_now) -> None:
    """Score one asset on behalf of one task. Safe to run twice; does nothing once its job is cancelled."""
    if not on.jobs.is_wanted(request.job_id, clock()):
        return
    attempt_stage(
        request.task,
        Stage.QUALITY,
        on.tasks,
        clock,
        partial(_score, request, on, clock),
        partial(on.catalog.fail_stage, request.asset_id, Stage.QUALITY),
    )


def _score(request: AssetRequest, on: ScoreWork, clock: Clock, task: Task, attempts: int) -> None:
    pixels = read_pixels(on.originals.read(request.original))
    scored = score(pixels, width=request.width, height=request.height)
    on.catalog.save_score(request.asset_id, {**asdict(scored), "computed_at": to_text(clock())}, attempts)
    on.tasks.finish_stage(task.ref, Stage.QUALITY, clock())
    logger.info("stage completed", job_id=task.job_id, task_id=task.task_id, asset_id=request.asset_id, stage="quality")
