"""Deal with work that a queue gave up on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.clock import Clock, utc_now
from shared.domain.asset import Original
from shared.domain.job import Job
from shared.domain.keys import OriginalKey
from shared.domain.poison import poison_id_of
from shared.domain.stage import Stage
from shared.domain.task import ENDED_STAGE, MAX_ATTEMPTS, MAX_REDRIVES, Outcome, StageStatus, Task
from shared.errors import WorkerDied
from shared.messages import AssetRequest, Message, PresetRequest, ScoreRequest, UploadEvent
from shared.observability import count, logger
from shared.usecases.attempt_stage import Workbench, note_poison, verdict_of
from shared.usecases.forget_request import forget_request
from shared.usecases.retry_tasks import Retrying
from shared.usecases.send_work import send_upload, send_work


def handle_dead_letter(
    message: Message, stages: Sequence[Stage], bench: Workbench, on: Retrying, clock: Clock = utc_now
) -> None:
    """Send the work of each task that the message was about again, or fail the task when its attempts are used up.

    A queue gives a message up after eight receives, and throttled or returned batches use those up as well as real
    attempts do: only the attempts that were begun decide. A rendition that was asked for has no task: that it was asked
    for is forgotten, so that the next request for it begins anew.
    """
    if isinstance(message, PresetRequest):
        _give_up_rendition(message, on, clock)
        return
    for subject in _subjects(message):
        job, found = bench.jobs.read_with_tasks(subject.job_id, [subject.task_id])
        if job is None or not found or subject.epoch not in (None, found[0].epoch):
            continue
        task = found[0]
        left = [stage for stage in stages if task.stages.get(stage, StageStatus.COMPLETED) not in ENDED_STAGE]
        if not left or task.is_ended:
            continue
        is_spent = any(task.attempts.get(stage, 0) >= MAX_ATTEMPTS for stage in left)
        if is_spent or task.redrives >= MAX_REDRIVES:
            fail_silent_stage(task, left[0], job.tenant, message, bench, on, clock)
        elif bench.tasks.note_redrive(task, clock()):
            _send_again(job, task, subject.upload, on)


def _give_up_rendition(request: PresetRequest, on: Retrying, clock: Clock) -> None:
    """No verdict on the image, so nothing on it stays failed; somebody is to look why, as with any work given up."""
    forget_request(request, on.catalog, clock)
    count("PoisonRecords")
    logger.error("rendition given up", asset_id=request.asset_id, preset=request.preset)


def _send_again(job: Job, task: Task, upload: Original | None, on: Retrying) -> None:
    logger.warning("sent again", job_id=task.job_id, task_id=task.task_id, redrives=task.redrives + 1)
    if upload:
        send_upload(task, upload, on.lanes)
        return
    send_work(job, task, on.catalog.find(task.asset_id) if task.asset_id else None, on.lanes)


def fail_silent_stage(
    task: Task, stage: Stage, tenant: str, message: Message | None, bench: Workbench, on: Retrying, clock: Clock
) -> None:
    """Give up a stage of which nothing is heard any more; nothing if something was heard since the task was read."""
    died = WorkerDied()
    verdict = verdict_of(died)
    if task.asset_id:
        on.catalog.fail_stage(task.asset_id, stage, task.attempts.get(stage, 0), verdict, clock())
    note_poison(died, tenant, task, stage, message, bench, clock)
    failed = bench.tasks.fail_stage(task.ref, stage, verdict, Outcome.FAILED, clock(), unheard_since=task.changed_at)
    if failed is None:
        bench.poison.delete(poison_id_of(task.ref, stage), tenant)
        return
    logger.error("given up", job_id=task.job_id, task_id=task.task_id, stage=stage)


@dataclass(frozen=True)
class _Subject:
    """One task that a message is about; the news of an upload is good in any epoch."""

    job_id: str
    task_id: str
    epoch: int | None = None
    upload: Original | None = None


def _subjects(message: Message) -> list[_Subject]:
    match message:
        case UploadEvent():
            parsed = [(uploaded, OriginalKey.parse(uploaded.key)) for uploaded in message.objects]
            return [
                _Subject(key.job_id, key.task_id, upload=Original(uploaded.key, uploaded.version_id))
                for uploaded, key in parsed
                if key
            ]
        case ScoreRequest():
            return [_Subject(asset.job_id, asset.task_id, asset.epoch) for asset in message.assets]
        case AssetRequest():
            return [_Subject(message.job_id, message.task_id, message.epoch)]
    return []
