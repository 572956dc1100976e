"""Put an asset's failed stages back to work, also long after the job that they failed in is gone."""

from __future__ import annotations

import secrets

from shared.clock import Clock, utc_now
from shared.domain.asset import Asset
from shared.domain.ids import checked_asset_id, job_id_at, task_id_at
from shared.domain.job import JobKind, JobStatus, open_job
from shared.domain.stage import Stage
from shared.domain.task import Mark, StageStatus, Task, TaskStatus, pending
from shared.errors import NothingToRetry
from shared.schemas import Left, Retried
from shared.usecases.retry_tasks import Retrying, retry_task
from shared.usecases.send_work import send_work


def retry_asset(asset_id: str, tenant: str, on: Retrying, clock: Clock = utc_now) -> Retried:
    """Reopen the task that made the asset, or where its job is gone, a new job of one task for the failed stages.

    Raises InvalidId, NotFound, or NothingToRetry when no stage of it has failed.
    """
    asset = on.catalog.read(checked_asset_id(asset_id), tenant)
    job_id, task_id = asset.creator.split(".")
    job, tasks = on.jobs.read_with_tasks(job_id, [task_id])
    is_there = job is not None and job.status is not JobStatus.CANCELLED and not job.is_expired(clock()) and any(tasks)
    if is_there and tasks[0].status is TaskStatus.FAILED:
        return retry_task(job_id, task_id, tenant, on, clock)
    # Nobody is at work on what is pending once the job is gone.
    lost = {StageStatus.FAILED} if is_there else {StageStatus.FAILED, StageStatus.PENDING}
    stages = tuple(stage for stage, state in asset.stages.items() if state in lost)
    if not stages:
        raise NothingToRetry("No stage of this image has failed.")
    return _in_a_new_job(asset, stages, on, clock)


def _in_a_new_job(asset: Asset, failed: tuple[Stage, ...], on: Retrying, clock: Clock) -> Retried:
    now = clock()
    job_id = job_id_at(now, secrets.token_bytes(10))
    stages = pending(failed)
    task = Task(
        job_id=job_id,
        task_id=task_id_at(0),
        filename=asset.filename,
        stages=stages,
        mark=Mark(stages, TaskStatus.PENDING),
        asset_id=asset.asset_id,
    )
    job = open_job(job_id, JobKind.RETRY, asset.tenant, asset.project, [task], now)
    on.jobs.create(job, [task])
    on.catalog.reopen_stages(asset.asset_id, stages, now)
    send_work(job, task, asset, on.lanes)
    return Retried(
        job_id=job_id,
        status=job.status,
        reopened=1,
        left=Left(),
        message="The image is tried again in its own job",
    )
