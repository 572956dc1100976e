"""What goes wrong in the soak: copies of messages, killed and stopped workers, restarts."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

import darkroom
from shared.clock import utc_now
from shared.domain.asset import Asset
from shared.domain.dispatch import Dispatch
from shared.domain.task import TaskRef
from shared.errors import DarkroomError
from shared.messages import DispatchStep, ScoreRequest, request_of
from shared.stores.catalog import CatalogStore
from shared.stores.dynamo import dynamodb
from shared.stores.images import s3
from shared.stores.jobs import JobStore
from shared.stores.queues import Queue, sqs
from shared.stores.tasks import TaskStore
from tools.stack import Stack, aws_of, restart

FAULTS = (ClientError, BotoCoreError, DarkroomError, darkroom.DarkroomError)
"""What a call may end with while the emulator is being restarted or a worker dies under it."""

NTH = 5
"""Every fifth message is sent once more."""

PAGE = 1000
STOPPED_S = 8
"""Longer than a worker's time-out at the scale `rehearsal`."""

SPARED_S = 12
"""A worker younger than this is not killed: one that dies as it starts takes the files of its siblings along."""

ONE_DAY = timedelta(days=1)

_WORKER = re.compile(r"ministack-lambda-(\S+)-[^-/]+/_worker")


@dataclass
class Place:
    """The running stack. Restarting replaces it; whatever reads `stack` sees the present process."""

    stack: Stack
    restarts: int = 0

    def restart(self) -> None:
        self.stack = restart(self.stack)
        self.restarts += 1

    def output(self, name: str) -> str:
        return self.stack.outputs[name]


@dataclass
class Repeating:
    """Threads that each do one thing again and again until told to stop; a fault is counted, any other error kept."""

    faults: Counter[str] = field(default_factory=Counter)
    _stop: threading.Event = field(default_factory=threading.Event)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16))
    _running: list[Future[None]] = field(default_factory=list)

    def every(self, seconds: float, work: Callable[[], None]) -> None:
        self._running.append(self._pool.submit(self._repeat, seconds, work))

    def _repeat(self, seconds: float, work: Callable[[], None]) -> None:
        while not self._stop.wait(seconds):
            try:
                work()
            except FAULTS as error:
                self.faults[type(error).__name__] += 1

    @contextlib.contextmanager
    def stopped_after(self) -> Iterator[None]:
        """Afterwards let each finish its round; raises what one of them died of."""
        try:
            yield
        finally:
            self._stop.set()
            self._pool.shutdown()
        for future in self._running:
            future.result()


@dataclass(frozen=True)
class Worker:
    pid: int
    function: str


def workers(place: Place) -> list[Worker]:
    """The worker processes of the pipeline. The API's are left alone: an answer lost there leaves an empty session."""
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,command="], capture_output=True, text=True, check=True
    )
    spared = {place.output("ApiFunctionName"), place.output("AuthorizerFunctionName")}
    found = []
    for line in listing.stdout.splitlines():
        pid, parent, command = line.split(None, 2)
        match = _WORKER.search(command)
        if parent == str(place.stack.pid) and match and match[1] not in spared:
            found.append(Worker(int(pid), match[1]))
    return found


@dataclass
class Killer:
    """Ends a worker, any one that has lived for a while, without warning."""

    place: Place
    chance: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    _seen_at: dict[int, float] = field(default_factory=dict)

    def __call__(self) -> None:
        now, alive = time.monotonic(), workers(self.place)
        self._seen_at = {worker.pid: self._seen_at.get(worker.pid, now) for worker in alive}
        found = [worker for worker in alive if now - self._seen_at[worker.pid] >= SPARED_S]
        if not found:
            return
        victim = self.chance.choice(found)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGKILL)
            self.killed[victim.function.split("-")[1]] += 1


@dataclass
class Staller:
    """Stops an image worker for longer than its time-out: what it works on times out in mid-batch."""

    place: Place
    chance: random.Random
    stalled: int = 0

    def __call__(self) -> None:
        image_workers = {self.place.output(f"{name}FunctionName") for name in ("Validate", "Renditions", "Quality")}
        found = [worker for worker in workers(self.place) if worker.function in image_workers]
        if not found:
            return
        victim = self.chance.choice(found)
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim.pid, signal.SIGSTOP)
            self.stalled += 1
            time.sleep(STOPPED_S)
            os.kill(victim.pid, signal.SIGCONT)


@dataclass
class Reconciler:
    """Invokes the reconcile function, which the schedule would only do every five minutes."""

    place: Place
    invoked: int = 0

    def __call__(self) -> None:
        functions().invoke(FunctionName=self.place.output("ReconcileFunctionName"), Payload=b"{}")
        self.invoked += 1


@dataclass
class Copier:
    """Sends every fifth message of each queue once more, as soon as it can be known.

    SQS has no tap, so each copy is built anew from what was stored, with the sender's own code: the S3 event of every
    fifth version in the originals bucket, the requests for every fifth asset, every fifth batch of a quality job,
    every fifth step of a dispatcher, and every fifth look the facts of up to 100 tasks to the projector.
    """

    place: Place
    tenant: str
    projects: tuple[str, ...]
    copied: Counter[str] = field(default_factory=Counter)
    _seen: Counter[str] = field(default_factory=Counter)
    _known: set[object] = field(default_factory=set)
    _looks: int = 0

    def __post_init__(self) -> None:
        self._catalog = CatalogStore(self.place.output("CatalogTableName"))
        self._jobs = JobStore(self.place.output("JobsTableName"))
        self._tasks = TaskStore(self.place.output("JobsTableName"))
        self._queues = {
            name: Queue(self.place.output(f"{name}QueueUrl"))
            for name in ("Validation", "Renditions", "Quality", "Backfill", "Dispatch")
        }

    def __call__(self) -> None:
        self._looks += 1
        self._copy_uploads()
        for project in self.projects:
            self._copy_asset_requests(project)
        for job_id in self._jobs.standing_still(utc_now() + ONE_DAY, PAGE):  # all that are open
            self._copy_of_job(job_id)

    def _is_nth(self, queue: str, key: object) -> bool:
        """Whether this message, seen for the first time, is a fifth one of its queue."""
        if (queue, key) in self._known:
            return False
        self._known.add((queue, key))
        self._seen[queue] += 1
        return self._seen[queue] % NTH == 0

    def _copy_uploads(self) -> None:
        for found in object_versions(self.place.output("OriginalsBucketName"), "originals/"):
            if self._is_nth("Validation", (found["Key"], found["VersionId"])):
                event = {"key": found["Key"], "versionId": found["VersionId"], "size": found["Size"]}
                self._send_text("Validation", json.dumps({"Records": [{"s3": {"object": event}}]}))

    def _copy_asset_requests(self, project: str) -> None:
        page = self._catalog.to_score(self.tenant, project, None, None, PAGE)
        fresh = [entry.asset_id for entry in page.entries if ("asset", entry.asset_id) not in self._known]
        for asset in self._catalog.find_all(fresh).values():
            self._known.add(("asset", asset.asset_id))
            request = request_of(_creator_of(asset), asset)
            if self._is_nth("Renditions", asset.asset_id):
                self._send_text("Renditions", request.model_dump_json())
            if self._is_nth("Quality", asset.asset_id):
                self._send_text("Quality", ScoreRequest(assets=(request,)).model_dump_json())

    def _copy_of_job(self, job_id: str) -> None:
        page = self._tasks.page(job_id, is_failed_only=False, changed_since=None, cursor=None)
        if self._looks % NTH == 0:
            self._repeat_facts(job_id, [task.task_id for task in page.tasks[:100]])
        dispatch = self._jobs.read_dispatch(job_id)
        if dispatch is None:
            return
        if self._is_nth("Dispatch", (job_id, dispatch.step)):
            self._send_text("Dispatch", DispatchStep(job_id=job_id, step=dispatch.step).model_dump_json())
        refs = [(task.ref, task.asset_id or "") for task in page.tasks]
        assets = self._catalog.find_all(asset_id for _, asset_id in refs)
        self._copy_batches(dispatch, refs, assets)

    def _copy_batches(self, dispatch: Dispatch, refs: list[tuple[TaskRef, str]], assets: dict[str, Asset]) -> None:
        size = dispatch.options.batch_size
        for start in range(0, min(dispatch.dispatched, len(refs)), size):
            if self._is_nth("Backfill", (dispatch.job_id, start)):
                batch = [request_of(ref, assets[found]) for ref, found in refs[start : start + size] if found in assets]
                self._send_text("Backfill", ScoreRequest(assets=tuple(batch)).model_dump_json())

    def _repeat_facts(self, job_id: str, task_ids: list[str]) -> None:
        keys = [{"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": f"TASK#{task_id}"}} for task_id in task_ids]
        records = [{"dynamodb": {"Keys": key}} for key in keys]
        if records:
            payload = json.dumps({"Records": records})
            functions().invoke(FunctionName=self.place.output("ProgressFunctionName"), Payload=payload)
            self.copied["facts"] += len(records)

    def _send_text(self, queue: str, body: str) -> None:
        sqs().send_message(QueueUrl=self._queues[queue].url, MessageBody=body)
        self.copied[queue] += 1


def _creator_of(asset: Asset) -> TaskRef:
    job_id, task_id = asset.creator.split(".")
    return TaskRef(job_id, task_id)


@cache
def functions() -> Any:
    return boto3.client("lambda", config=Config(read_timeout=300, retries={"max_attempts": 0}))


@contextlib.contextmanager
def clients_of(stack: Stack) -> Iterator[None]:
    """Point the stores at a stack for a while. Their clients are made here: boto3 makes none safely in threads."""
    made = (dynamodb, s3, sqs, functions)
    with aws_of(stack.aws_endpoint):
        for make in made:
            make.cache_clear()
            make()
        try:
            yield
        finally:
            for make in made:
                make.cache_clear()


def object_versions(bucket: str, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Every version of every object, and delete markers, which have no Size."""
    for page in s3().get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        yield from (dict(found) for found in page.get("Versions", []))
        yield from (dict(found) for found in page.get("DeleteMarkers", []))
