"""Score assets, one of an upload or a batch of a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial

from shared.clock import Clock, utc_now
from shared.domain.imaging.pixels import read_pixels
from shared.domain.imaging.quality import score
from shared.domain.stage import Stage
from shared.domain.task import BACKOFF_S, Task
from shared.errors import OriginalGone, Transient
from shared.messages import AssetRequest, ScoreRequest
from shared.observability import count, logger
from shared.stores.catalog import CatalogStore
from shared.stores.hashes import HashStore
from shared.stores.images import OriginalStore
from shared.stores.queues import Queue
from shared.stores.rows import to_text
from shared.usecases.attempt_stage import Workbench, attempt_stage
from shared.usecases.find_nearest import Likeness, Scored, save_with_nearest


@dataclass(frozen=True)
class ScoreWork:
    """What the use case works with; `queue` is where a batch came from and what is left of it goes."""

    bench: Workbench
    catalog: CatalogStore
    originals: OriginalStore
    hashes: HashStore
    queue: Queue


def score_assets(
    request: ScoreRequest, on: ScoreWork, has_time: Callable[[], bool] = lambda: True, clock: Clock = utc_now
) -> None:
    """Score each asset on behalf of its task. Safe to run twice.

    What there is no time left for, and each asset of a batch that must be tried again, is sent as a message of its
    own: one bad image costs the others nothing.
    """
    for i, asset in enumerate(request.assets):
        if i > 0 and not has_time():
            on.queue.send(ScoreRequest(assets=request.assets[i:]))
            return
        try:
            _attempt(asset, on, clock)
        except Transient as error:
            if len(request.assets) == 1:
                raise
            on.queue.send(ScoreRequest(assets=(asset,)), delay_s=BACKOFF_S[0])
            logger.warning("sent again", job_id=asset.job_id, task_id=asset.task_id, code=error.code)


def _attempt(asset: AssetRequest, on: ScoreWork, clock: Clock) -> None:
    attempt_stage(
        asset.task,
        asset.tenant,
        Stage.QUALITY,
        ScoreRequest(assets=(asset,)),
        on.bench,
        clock,
        partial(_score, asset, on, clock),
        lambda attempts, error: on.catalog.fail_stage(asset.asset_id, Stage.QUALITY, attempts, error, clock()),
        may_begin=False if asset.is_begun else None,
    )


def _score(asset: AssetRequest, on: ScoreWork, clock: Clock, task: Task, attempts: int) -> None:
    try:
        pixels = read_pixels(on.originals.read(asset.original))
    except OriginalGone:
        if on.catalog.find(asset.asset_id) is not None:
            raise
        on.bench.tasks.skip(task.ref, clock())
        return
    scored = score(pixels, width=asset.width, height=asset.height)
    values = {**asdict(scored), "computed_at": to_text(clock())}
    saved = save_with_nearest(
        Scored(asset.tenant, asset.project, asset.asset_id, asset.creator, asset.created_at, values, attempts),
        Likeness(on.catalog, on.hashes),
        clock,
    )
    if not saved:
        on.bench.tasks.skip(task.ref, clock())
        return
    on.bench.tasks.finish_stage(task.ref, Stage.QUALITY, clock())
    count("ImagesScored")
    logger.info("stage completed", job_id=task.job_id, task_id=task.task_id, asset_id=asset.asset_id, stage="quality")
