"""How long from a worker's write to the client's event, and how much of it is our own time? On the emulator.

`python -m benchmarks.push`. The whole way is measured on the deployed functions, through a real WebSocket. Our own time
is that of the two use cases on that way, counting and announcing, run in this process with one follower: their calls to
the table and to the socket are in it, the delivery by the stream is not.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

import boto3
import httpx
from websockets.sync.client import ClientConnection, connect

from darkroom import Client, NewFile
from shared.clock import utc_now
from shared.domain.stage import Stage
from shared.domain.task import TaskRef
from shared.stores.images import RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.sockets import SocketStore
from shared.stores.subscriptions import SubscriptionStore
from shared.stores.tasks import TaskStore
from shared.stores.topics import Topic
from shared.usecases.announce_job import Announcing, announce_job
from shared.usecases.count_progress import count_progress
from shared.usecases.subscribe import Source
from tools.soak.chaos import clients_of
from tools.stack import Stack, throwaway_stack

BUDGET_MS = 100
TIMEOUT_S = 30


def follow(stack: Stack, job_id: str, opened: ExitStack) -> ClientConnection:
    """A WebSocket that follows the job and has its snapshot."""
    headers = {"Authorization": f"Bearer {stack.tenant_key}"}
    answer = httpx.post(f"{stack.api_url}/v1/realtime/tickets", headers=headers, timeout=TIMEOUT_S)
    socket = opened.enter_context(connect(answer.raise_for_status().json()["url"], close_timeout=1))
    socket.send(json.dumps({"action": "subscribe", "job_id": job_id}))
    socket.recv(timeout=TIMEOUT_S)
    return socket


def until_told(socket: ClientConnection, task_id: str) -> float:
    """The moment at which an event of the task arrives."""
    while True:
        message = json.loads(socket.recv(timeout=TIMEOUT_S))
        if any(entry.get("task", {}).get("task_id") == task_id for entry in message.get("events", [])):
            return time.perf_counter()


def print_times(what: str, seconds: list[float]) -> float:
    """Median and worst of these, in milliseconds; the median is returned."""
    median = statistics.median(seconds) * 1000
    sys.stdout.write(f"{what:<46} median {median:7.1f} ms   worst {max(seconds) * 1000:7.1f} ms\n")
    return median


def measure(tasks: int, begin: Callable[[str], object], rest: Callable[[str], float]) -> list[float]:
    times = []
    for n in range(tasks):
        task_id = f"t{n:05d}"
        begin(task_id)
        started = time.perf_counter()
        times.append(rest(task_id) - started)
    return times


def switch_off_the_stream(stack: Stack) -> None:
    """Nobody else counts or announces from here on."""
    functions = boto3.client("lambda")
    for name in ("ProgressFunctionName", "AnnounceFunctionName"):
        for mapping in functions.list_event_source_mappings(FunctionName=stack.outputs[name])["EventSourceMappings"]:
            functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    time.sleep(2)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=60, help="events in each half")
    count = parser.parse_args(argv).tasks

    with throwaway_stack() as stack, clients_of(stack), ExitStack() as opened:
        table = stack.outputs["JobsTableName"]
        jobs, tasks, subscriptions = JobStore(table), TaskStore(table), SubscriptionStore(table)
        files = [NewFile(f"{n}.jpg", "image/jpeg", 1) for n in range(count)]
        with Client(stack.api_url, stack.tenant_key) as client:
            first, second = (client.create_upload("push", files).job_id for _ in range(2))

        def write(job_id: str) -> Callable[[str], object]:
            return lambda task_id: tasks.begin_stage(TaskRef(job_id, task_id), Stage.VALIDATION, utc_now())

        socket = follow(stack, first, opened)
        whole = measure(count, write(first), lambda task_id: until_told(socket, task_id))

        follow(stack, second, opened)
        source = Source(jobs, tasks, RenditionStore(stack.outputs["RenditionsBucketName"]), 3600)
        api = "/".join(stack.outputs["WebSocketUrl"].rsplit("/", 2)[1:])
        announcing = Announcing(source, subscriptions, SocketStore(api), Topic(""))
        switch_off_the_stream(stack)

        def count_and_announce(task_id: str) -> float:
            count_progress(second, [task_id], jobs)
            announce_job([jobs.read(second, utc_now())], announcing)
            return time.perf_counter()

        own = measure(count, write(second), count_and_announce)

    print_times("a worker's write to the client's event", whole)
    median = print_times("of it our own: counting and announcing", own)
    sys.stdout.write(f"budget {BUDGET_MS} ms: {'kept' if median < BUDGET_MS else 'passed'}\n")
    return 0 if median < BUDGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
