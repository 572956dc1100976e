"""Live push on the whole stack, through a real WebSocket."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Event, Thread
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from darkroom import Client, QualityOptions
from darkroom.models import NewFile, UploadSession
from tests.e2e.conftest import PATIENCE_S, Aws
from tests.pictures import photo
from tests.push import Message, comparable, events_of, fold, new_state
from tools.bootstrap import bootstrap
from tools.stack import Stack, aws_of

FRAME_BYTES = 32 * 1024
Ticket = Callable[[], str]


class Socket:
    def __init__(self, url: str) -> None:
        self._open = ExitStack()
        self.connection: ClientConnection = self._open.enter_context(connect(url, open_timeout=60, close_timeout=1))

    def send(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def receive(self, timeout_s: float = 60) -> Message:
        text = self.connection.recv(timeout=timeout_s)
        assert len(str(text).encode()) < FRAME_BYTES
        return json.loads(text)

    def receive_until(self, event: str) -> list[Message]:
        found = [self.receive()]
        while event not in {entry["event"] for entry in found[-1].get("events", [])}:
            found.append(self.receive())
        return found

    def close(self) -> None:
        self._open.close()


@pytest.fixture
def ticket(stack: Stack) -> Ticket:
    """A URL that opens one WebSocket."""
    return lambda: post(stack, "/v1/realtime/tickets", stack.tenant_key)["url"]


def post(stack: Stack, path: str, key: str) -> Any:
    answer = httpx.post(stack.api_url + path, headers={"Authorization": f"Bearer {key}"}, timeout=60)
    return answer.raise_for_status().json()


def get(stack: Stack, path: str) -> Any:
    answer = httpx.get(stack.api_url + path, headers={"Authorization": f"Bearer {stack.tenant_key}"}, timeout=60)
    return answer.raise_for_status().json()


def open_session(client: Client, project: str, bodies: list[bytes]) -> UploadSession:
    files = [NewFile(f"{i}.jpg", "image/jpeg", len(body)) for i, body in enumerate(bodies)]
    return client.create_upload(project, files)


def upload(session: UploadSession, bodies: list[bytes], may_end: Event | None = None) -> None:
    """Send the files; the last one not before the job may end."""
    for task, body in zip(session.uploads, bodies, strict=True):
        if may_end and body is bodies[-1]:
            may_end.wait(PATIENCE_S)
        grant = task.upload
        assert grant
        httpx.post(grant.url, data=dict(grant.fields), files={"file": body}, timeout=60).raise_for_status()


def wait_for_end(stack: Stack, job_id: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while (job := get(stack, f"/v1/jobs/{job_id}"))["status"] != "completed":
        assert time.monotonic() < deadline, job
        time.sleep(0.2)
    return job


def test_upload_is_told_from_its_thumbnails_to_its_end(stack: Stack, client: Client, ticket: Ticket) -> None:
    bodies = [photo(seed=1), b"no image"]
    session = open_session(client, "push", bodies)
    socket = Socket(ticket())
    socket.send(action="subscribe", job_id=session.job_id)
    snapshot = socket.receive()

    upload(session, bodies)
    told = events_of(socket.receive_until("job:completed"))
    socket.close()

    assert (snapshot["type"], snapshot["tasks"], snapshot["job"]["total"]) == ("snapshot", [], 2)
    names = {(entry["task"]["task_id"], entry["event"]) for entry in told if "task" in entry}
    assert {
        ("t00000", "task:thumbnails_completed"),
        ("t00000", "task:variants_completed"),
        ("t00000", "task:completed"),
        ("t00001", "task:failed"),
    } <= names
    shown = next(entry["task"]["thumbnail_url"] for entry in told if entry["event"] == "task:thumbnails_completed")
    assert httpx.get(shown, timeout=60).headers["Content-Type"] == "image/jpeg"


def test_ticket_works_once(ticket: Ticket) -> None:
    url = ticket()
    Socket(url).close()

    with pytest.raises(InvalidStatus):
        Socket(url)


def test_ticket_of_a_minute_ago_is_refused(stack: Stack, ticket: Ticket, aws: Aws) -> None:
    url = ticket()
    table = stack.outputs["JobsTableName"]
    for row in aws("dynamodb").scan(TableName=table)["Items"]:
        if row["sk"]["S"] == "TICKET":
            aws("dynamodb").put_item(TableName=table, Item=row | {"expires_at": {"N": str(int(time.time()) - 1)}})

    with pytest.raises(InvalidStatus):
        Socket(url)


def test_job_of_another_tenant_is_refused(stack: Stack, client: Client) -> None:
    session = open_session(client, "push", [b"mine"])
    with aws_of(stack.aws_endpoint):
        other = bootstrap(stack.stack_name, stack.aws_endpoint, stack.region, "other")
    socket = Socket(post(stack, "/v1/realtime/tickets", other["tenant_key"])["url"])

    socket.send(action="subscribe", job_id=session.job_id)
    answer = socket.receive()
    socket.close()

    assert (answer["type"], answer["code"], answer["job_id"]) == ("error", "not_found", session.job_id)


def test_ping_names_what_is_followed(client: Client, ticket: Ticket) -> None:
    session = open_session(client, "push", [b"mine"])
    socket = Socket(ticket())
    socket.send(action="subscribe", job_id=session.job_id)
    socket.receive()

    socket.send(action="ping")
    followed = socket.receive()
    socket.send(action="unsubscribe", job_id=session.job_id)
    left = socket.receive()
    socket.close()

    assert followed == {"type": "pong", "jobs": [session.job_id]}
    assert left == {"type": "unsubscribed", "job_id": session.job_id}


def test_client_that_is_cut_off_again_and_again_misses_nothing(stack: Stack, client: Client, ticket: Ticket) -> None:
    chance = random.Random(20260102)
    bodies = [photo(width=320, height=240, seed=seed) for seed in range(60)]
    session = open_session(client, "cut-off", bodies)
    may_end = Event()
    sender = Thread(target=upload, args=(session, bodies, may_end))
    state, cuts = new_state(), 0
    deadline = time.monotonic() + PATIENCE_S

    sender.start()
    while state["job"].get("status") != "completed" or state["since"] < state["job"]["seq"]:
        assert time.monotonic() < deadline, state["job"]
        socket = Socket(ticket())
        socket.send(action="subscribe", job_id=session.job_id, since=state["since"])
        for _ in range(chance.randrange(1, 12)):
            message = socket.receive()
            fold(state, message)
            if state["job"]["remaining"] <= 1 and not message.get("has_more"):
                break  # The last file is held back: there may be no more to hear before it is sent.
        socket.close()
        cuts += 1
        if cuts > 5:
            may_end.set()
    sender.join()

    ended = wait_for_end(stack, session.job_id)
    listed = get(stack, f"/v1/jobs/{session.job_id}?tasks=all")["tasks"]
    assert cuts > 5
    assert {task["task_id"]: comparable(task) for task in listed} == {
        task_id: comparable(task) for task_id, task in state["tasks"].items()
    }
    moving = {"poll_after_ms", "eta_s", "next_cursor", "tasks"}
    assert {name: ended[name] for name in ended.keys() - moving} == {
        name: state["job"][name] for name in state["job"].keys() - moving
    }


@pytest.fixture
def told(stack: Stack, aws: Aws) -> Callable[[str], list[tuple[int, int, int]]]:
    """Takes a job; waits for its completion to be told: the epoch, processed and failed of each within some seconds."""
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    aws("sns").subscribe(
        TopicArn=stack.outputs["TopicArn"], Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )

    def completions(job_id: str) -> list[tuple[int, int, int]]:
        found: list[Any] = []
        looks = 0
        deadline = time.monotonic() + PATIENCE_S
        while looks < 5 and time.monotonic() < deadline:
            received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10).get("Messages", [])
            for message in received:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
            own = [message for message in found if message["job_id"] == job_id]
            looks += 1 if own else 0
        return [(message["epoch"], message["processed"], message["failed"]) for message in own]

    return completions


def test_completion_is_announced_once_and_again_after_a_retry(
    stack: Stack, client: Client, aws: Aws, told: Callable[[str], list[tuple[int, int, int]]]
) -> None:
    body = photo(seed=77)
    session = open_session(client, "told", [body])
    upload(session, [body])
    wait_for_end(stack, session.job_id)
    lost = {"Bucket": stack.outputs["OriginalsBucketName"]}
    for version in aws("s3").list_object_versions(**lost, Prefix=_prefix(session))["Versions"]:
        aws("s3").delete_object(**lost, Key=version["Key"], VersionId=version["VersionId"])
    job_id = client.start_quality_job("told", QualityOptions(only_missing=False)).job_id
    wait_for_end(stack, job_id)
    first = told(job_id)
    client.retry_failed(job_id)
    wait_for_end(stack, job_id)

    assert (first, told(job_id)) == ([(1, 0, 1)], [(2, 0, 1)])


def _prefix(session: UploadSession) -> str:
    grant = session.uploads[0].upload
    assert grant is not None
    return str(grant.fields["key"])
