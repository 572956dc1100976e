"""Send what is left of a task to the queues that its stages belong to."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.asset import Asset, Original
from shared.domain.job import Job, JobKind
from shared.domain.keys import OriginalKey
from shared.domain.stage import Stage
from shared.domain.task import ENDED_STAGE, Task
from shared.messages import ScoreRequest, UploadedObject, UploadEvent, request_of
from shared.stores.queues import Queue


@dataclass(frozen=True)
class Lanes:
    """The queues of work. Backfills have their own, so that uploads never wait behind one."""

    validation: Queue
    renditions: Queue
    quality: Queue
    backfill: Queue
    rebuild: Queue

    def scoring(self, job: Job) -> Queue:
        return self.backfill if job.kind is JobKind.QUALITY else self.quality

    def rendering(self, job: Job) -> Queue:
        return self.rebuild if job.kind is JobKind.RENDITIONS else self.renditions

    def of(self, stage: Stage, job: Job) -> Queue:
        """The queue that holds the work of a stage."""
        match stage:
            case Stage.VALIDATION:
                return self.validation
            case Stage.THUMBNAILS | Stage.VARIANTS:
                return self.rendering(job)
            case Stage.QUALITY:
                return self.scoring(job)


def send_work(job: Job, task: Task, asset: Asset | None, lanes: Lanes) -> None:
    """Send the messages of every stage that has not ended; twice does no harm.

    A task that is yet to be validated needs its upload, any other its asset; without them nothing is sent.
    """
    left = {stage for stage, state in task.stages.items() if state not in ENDED_STAGE}
    if Stage.VALIDATION in left:
        if task.version_id is not None:
            key = OriginalKey(job.tenant, task.job_id, task.task_id)
            send_upload(task, Original(str(key), task.version_id), lanes)
        return
    if asset is None:
        return
    request = request_of(task.ref, asset, is_begun=task.started_at is not None)
    if left & {Stage.THUMBNAILS, Stage.VARIANTS}:
        lanes.rendering(job).send(request.model_copy(update={"only_missing": job.kind is JobKind.RENDITIONS}))
    if Stage.QUALITY in left:
        lanes.scoring(job).send(ScoreRequest(assets=(request,)))


def send_upload(task: Task, original: Original, lanes: Lanes) -> None:
    """Send the news of an upload, as S3 does."""
    lanes.validation.send(
        UploadEvent(objects=(UploadedObject(key=original.key, version_id=original.version_id, bytes=task.bytes),))
    )
