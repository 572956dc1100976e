"""Start a job over a project: bring its images to the current scores, or the current renditions."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from shared.clock import Clock, utc_now
from shared.domain.dispatch import PAGE, Dispatch, Entry, QualityOptions
from shared.domain.ids import job_id_at
from shared.domain.job import Job, JobKind, JobStatus, freeze, open_walk, revive
from shared.domain.pace import rate
from shared.domain.projection import Projection
from shared.domain.scorer import SCORER_VERSION
from shared.errors import JobActive, Transient
from shared.messages import DispatchStep
from shared.schemas import Forecast, QualityJobStarted, Sample, SampleFailure
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore
from shared.stores.jobs import JobStore, Latest
from shared.stores.manifests import ManifestStore
from shared.stores.queues import Queue
from shared.usecases.list_images import Listing, list_images
from shared.usecases.retry_tasks import HasTime, Retrying, retry_failed

SAMPLE = 20
USUAL_RATE = 10.0
"""Images a second that a forecast assumes where the project has no job to measure by."""

TRIES = 3


@dataclass(frozen=True)
class Starting:
    """What the use case works with."""

    jobs: JobStore
    catalog: CatalogStore
    originals: OriginalStore
    manifests: ManifestStore
    dispatch_queue: Queue
    retrying: Retrying
    listing: Listing


def start_job(
    kind: JobKind,
    tenant: str,
    project: str,
    options: QualityOptions,
    on: Starting,
    clock: Clock = utc_now,
    *,
    is_resumed: bool = False,
    has_time: HasTime = lambda: True,
) -> QualityJobStarted:
    """A new job over the assets to score, or with `is_resumed` the latest one again, its failed images included.

    A small manifest is frozen here, so the total is known at once; a large one in the background. Raises JobActive
    with the id of the project's live job.
    """
    for _ in range(TRIES):
        latest = on.jobs.latest(tenant, project, kind)
        live = on.jobs.find(latest.job_id, clock()) if latest else None
        if live and not live.is_ended:
            raise JobActive(live.job_id)
        if live and latest and is_resumed and live.status is not JobStatus.CANCELLED:
            resumed = _resume(live, latest, on, clock, has_time)
            if resumed:
                return resumed
        started = _start(kind, tenant, project, options, latest, on, clock)
        if started:
            return started
    raise Transient("Others are starting jobs in this project at the same time.")


def forecast_quality_job(
    tenant: str, project: str, options: QualityOptions, on: Starting, clock: Clock = utc_now
) -> Forecast:
    """What a job would do, without doing any of it: how many images, in how many batches, how long, what would fail."""
    below = SCORER_VERSION if options.only_missing else None
    total = on.catalog.statistics(tenant, project).to_score(below)
    sample = on.catalog.to_score(tenant, project, below, None, PAGE).entries
    sample = sample[:: max(1, len(sample) // SAMPLE)][:SAMPLE]
    return Forecast(
        total_images=total,
        batches=options.batches(total),
        expected_s=round(max(total / _usual_rate(tenant, project, on, clock), options.lasts(total).total_seconds()), 1),
        sample=Sample(size=len(sample), would_fail=_failures(sample, on)),
    )


def _start(
    kind: JobKind,
    tenant: str,
    project: str,
    options: QualityOptions,
    latest: Latest | None,
    on: Starting,
    clock: Clock,
) -> QualityJobStarted | None:
    now = clock()
    job_id = job_id_at(now, secrets.token_bytes(10))
    page = list_images(kind, tenant, project, None, on.listing, only_missing=options.only_missing)
    job = open_walk(job_id, kind, tenant, project, now)
    dispatch = Dispatch(job_id, options, moved_at=now)
    if page.next_cursor is None:
        on.manifests.keep_chunk(tenant, job_id, 0, page)
        job = freeze(job, len(page.entries), now)
        dispatch = replace(dispatch, is_frozen=True, chunks=(len(page.entries),))
    if not on.jobs.start(job, dispatch, latest):
        return None
    if not job.is_ended:
        on.dispatch_queue.send(DispatchStep(job_id=job_id, step=0))
    return _started(job)


def _resume(job: Job, latest: Latest, on: Starting, clock: Clock, has_time: HasTime) -> QualityJobStarted | None:
    """The job at work again where it was cut off, with its failed images; None when there is nothing left of it."""
    dispatch = on.jobs.read_dispatch(job.job_id)
    is_cut_off = dispatch is not None and not dispatch.is_done and not dispatch.is_too_long
    if dispatch and is_cut_off:
        again = Projection(revive(job, clock()), ())
        if not on.jobs.apply_reopening(again, job, latest):
            return None
        on.dispatch_queue.send(DispatchStep(job_id=job.job_id, step=dispatch.step))
    retried = retry_failed(job.job_id, job.tenant, on.retrying, clock, has_time)
    if retried.reopened == 0 and not is_cut_off:
        return None
    return _started(on.jobs.read(job.job_id, clock()), f"Job resumed, {retried.reopened} failed images tried again")


def _started(job: Job, message: str | None = None) -> QualityJobStarted:
    total = job.total if job.is_frozen else None
    counted = "Job started, its images are being listed" if total is None else f"Job started, processing {total} images"
    return QualityJobStarted(
        job_id=job.job_id,
        total_images=total,
        status=job.status,
        message=message or ("There is nothing to do" if total == 0 else counted),
    )


def _usual_rate(tenant: str, project: str, on: Starting, clock: Clock) -> float:
    """Images a second in the project's latest job, if it measured any."""
    latest = on.jobs.latest(tenant, project, JobKind.QUALITY)
    job = on.jobs.find(latest.job_id, clock()) if latest else None
    if job is None or not job.pace.samples:
        return USUAL_RATE
    return rate(job.pace, datetime.fromtimestamp(job.pace.samples[-1][0], job.created_at.tzinfo)) or USUAL_RATE


def _failures(sample: list[Entry], on: Starting) -> list[SampleFailure]:
    assets = on.catalog.find_all(entry.asset_id for entry in sample)
    gone = [asset for asset in assets.values() if not on.originals.is_there(asset.original)]
    return [
        SampleFailure(
            asset_id=asset.asset_id,
            filename=asset.filename,
            code="original_gone",
            detail="The original no longer exists.",
        )
        for asset in gone
    ]
