"""Tell of a job's changes: those who follow it at once, and people when it is completed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from shared.clock import Clock, utc_now
from shared.domain import push
from shared.domain.job import Job, JobStatus
from shared.domain.task import TaskStatus
from shared.observability import logger
from shared.stores.sockets import SocketStore
from shared.stores.subscriptions import Subscription, SubscriptionStore
from shared.stores.topics import Topic
from shared.usecases.subscribe import Source, post_all

POST_THREADS = 8


@dataclass(frozen=True)
class Announcing:
    """What the use case works with."""

    source: Source
    subscriptions: SubscriptionStore
    sockets: SocketStore
    topic: Topic


def announce_job(states: Sequence[Job], on: Announcing, clock: Clock = utc_now) -> None:
    """Tell what has become of a job, of which `states` are some in their order. Safe to repeat, in any order.

    Subscribers are brought to the job as it is now. Each completion among the states is announced once.
    """
    _push(states[-1].job_id, on, clock)
    completed = [state for state in states if state.status is JobStatus.COMPLETED]
    if completed and on.topic.is_there:
        _notify(completed, on, clock)


def _push(job_id: str, on: Announcing, clock: Clock) -> None:
    now = clock()
    followers = on.subscriptions.of_job(job_id, now)
    job = on.source.jobs.find(job_id, now) if followers else None
    if job is None:
        return
    groups: dict[push.Told, list[Subscription]] = {}
    for follower in followers:
        if follower.told.seq < job.seq:
            groups.setdefault(follower.told, []).append(follower)
    for told, behind in groups.items():
        changed, _ = on.source.changed(job, told.seq)
        texts = push.events(job, on.source.view(job, now), changed, told)
        tell = partial(_tell, texts=texts, told=push.told_of(job), on=on)
        with ThreadPoolExecutor(POST_THREADS) as threads:
            list(threads.map(tell, behind))


def _tell(follower: Subscription, *, texts: Sequence[str], told: push.Told, on: Announcing) -> None:
    """Post first, note afterwards: a crash between the two repeats a message and loses none."""
    if post_all(follower.connection_id, follower.job_id, texts, on.sockets, on.subscriptions):
        on.subscriptions.note_sent(follower, told)


def _notify(completed: Sequence[Job], on: Announcing, clock: Clock) -> None:
    """Publish first, note afterwards: news that comes twice is better than news that never comes."""
    job = on.source.jobs.find(completed[0].job_id, clock())
    announced = job.announced_epoch if job else 0
    for state in completed:
        if job is None or state.epoch <= announced:
            continue
        on.topic.publish(f"Darkroom: {state.project} is completed"[:100], _summary(state), _message_id(state))
        on.source.jobs.note_announced(state.job_id, state.epoch)
        announced = state.epoch
        logger.info("completion announced", job_id=state.job_id, epoch=state.epoch)


def _message_id(job: Job) -> str:
    """The same for the same completion, so that a receiver knows a repetition."""
    return f"{job.job_id}.{job.epoch}"


def _summary(job: Job) -> str:
    """JSON, for programs and people alike."""
    found = {
        "message_id": _message_id(job),
        "job_id": job.job_id,
        "kind": job.kind,
        "project": job.project,
        "status": job.status,
        "total": job.total,
        "processed": job.counts.get(TaskStatus.COMPLETED, 0),
        "failed": job.counts.get(TaskStatus.FAILED, 0),
        "skipped": job.counts.get(TaskStatus.SKIPPED, 0),
        "epoch": job.epoch,
        "completed_at": job.completed_at.isoformat() if job.completed_at else None,
    }
    return json.dumps(found, indent=2)
