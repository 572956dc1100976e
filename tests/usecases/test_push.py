"""Live push and announcements on the template's tables: who is told what, and what a crash or a dead socket costs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.access import ApiKey, Scope, hash_secret
from shared.domain.job import Job, JobStatus
from shared.domain.push import told_of
from shared.domain.stage import Stage
from shared.domain.task import Outcome, TaskError, TaskRef
from shared.errors import ExpiredKey, InvalidTicket, NotFound, RevokedKey, TooManySubscriptions, Transient
from shared.stores.dynamo import dynamodb
from shared.stores.sockets import SocketStore
from shared.stores.subscriptions import SubscriptionStore
from shared.stores.topics import Topic
from shared.usecases.announce_job import Announcing, announce_job
from shared.usecases.connect import connect
from shared.usecases.open_ticket import open_ticket
from shared.usecases.retry_tasks import retry_failed
from shared.usecases.subscribe import Following, Source, open_connection, subscribe, unsubscribe
from tests.cloud import client, table
from tests.pictures import photo
from tests.push import Message, comparable, events_of, fold, new_state
from tests.world import TENANT, World

KEY = ApiKey("0123456789abcdef", hash_secret("secret"), TENANT, frozenset({Scope.READ}))
OTHER = "tenant_11111111111111111111111111"


class Crash(Exception):
    """The function dies here."""


class FakeSockets(SocketStore):
    """Sockets that keep what they are sent; one is gone, or the function dies, when the test says so."""

    def __init__(self) -> None:
        super().__init__("a1b2c3d4e5/live")
        object.__setattr__(self, "sent", {})
        object.__setattr__(self, "gone", set())
        object.__setattr__(self, "closed", [])
        object.__setattr__(self, "crash_after", [])

    sent: dict[str, list[Message]]
    gone: set[str]
    closed: list[str]
    crash_after: list[int]

    @property
    def url(self) -> str:
        return "wss://example/live"

    def post(self, connection_id: str, text: str) -> bool:
        if connection_id in self.gone:
            return False
        self.sent.setdefault(connection_id, []).append(json.loads(text))
        if self.crash_after and sum(map(len, self.sent.values())) >= self.crash_after[0]:
            self.crash_after.pop(0)
            raise Crash
        return True

    def close(self, connection_id: str) -> None:
        self.closed.append(connection_id)


@dataclass
class Push:
    world: World
    sockets: FakeSockets = field(default_factory=FakeSockets)

    def __post_init__(self) -> None:
        world = self.world
        self.subscriptions = SubscriptionStore(world.cloud.jobs_table)
        source = Source(world.jobs, world.tasks, world.renditions, 3600)
        self.following = Following(self.subscriptions, world.tenants, source, self.sockets)
        self.announcing = Announcing(source, self.subscriptions, self.sockets, Topic(world.cloud.topic_arn))
        world.tenants.save_key(KEY)

    def connect(self, connection_id: str, tenant: str = TENANT) -> None:
        ticket = open_ticket(tenant, KEY.key_id, self.subscriptions, self.sockets, self.world.clock)
        connect(ticket.ticket, connection_id, self.subscriptions, self.world.tenants, self.world.clock)

    def subscribe(self, connection_id: str, job_id: str, since: int = 0) -> None:
        subscribe(connection_id, job_id, since, self.following, self.world.clock)

    def announce(self, *states: Job) -> None:
        announce_job(states, self.announcing, self.world.clock)

    def followers(self, job_id: str) -> list[str]:
        return [found.connection_id for found in self.subscriptions.of_job(job_id, self.world.now)]


@pytest.fixture
def push(world: World) -> Push:
    return Push(world)


@pytest.fixture
def told(push: Push) -> Any:
    """What people were told: every message to the topic, in order."""
    sqs = client("sqs")
    url = push.world.cloud.queue_urls["AnnounceFailures"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    raw = {"RawMessageDelivery": "true"}
    client("sns").subscribe(TopicArn=push.world.cloud.topic_arn, Protocol="sqs", Endpoint=arn, Attributes=raw)

    def read() -> list[Message]:
        found: list[Message] = []
        while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in received:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    return read


# ── Tickets and connections ───────────────────────────────────────────────────────────────────────────────────


def test_ticket_opens_one_connection(push: Push) -> None:
    ticket = open_ticket(TENANT, KEY.key_id, push.subscriptions, push.sockets, push.world.clock)
    connect(ticket.ticket, "one", push.subscriptions, push.world.tenants, push.world.clock)

    with pytest.raises(InvalidTicket):
        connect(ticket.ticket, "two", push.subscriptions, push.world.tenants, push.world.clock)


def test_ticket_is_good_for_a_minute(push: Push) -> None:
    ticket = open_ticket(TENANT, KEY.key_id, push.subscriptions, push.sockets, push.world.clock)
    push.world.sleep(60)

    with pytest.raises(InvalidTicket):
        connect(ticket.ticket, "one", push.subscriptions, push.world.tenants, push.world.clock)


def test_ticket_is_not_stored_as_it_is(push: Push) -> None:
    ticket = open_ticket(TENANT, KEY.key_id, push.subscriptions, push.sockets, push.world.clock)

    rows = dynamodb().scan(TableName=push.world.cloud.jobs_table)["Items"]

    assert ticket.ticket not in json.dumps(rows)
    assert ticket.url == f"wss://example/live?ticket={ticket.ticket}"


def test_invented_ticket_is_refused(push: Push) -> None:
    with pytest.raises(InvalidTicket):
        connect("invented", "one", push.subscriptions, push.world.tenants, push.world.clock)


def test_revoked_key_ends_its_connection_at_the_next_word(push: Push) -> None:
    push.connect("one")
    push.world.tenants.save_key(ApiKey(**vars(KEY) | {"revoked_at": push.world.now}))

    with pytest.raises(RevokedKey):
        open_connection("one", push.following, push.world.clock())


def test_subscription_ends_with_its_key(push: Push) -> None:
    end = push.world.now + timedelta(minutes=10)
    push.world.tenants.save_key(ApiKey(**vars(KEY) | {"expires_at": end}))
    job_id, _ = push.world.upload(photo())
    push.connect("one")
    push.subscribe("one", job_id)

    push.world.sleep(601)

    assert push.followers(job_id) == []
    with pytest.raises(ExpiredKey):
        open_connection("one", push.following, push.world.clock())


def test_expired_subscription_is_removed_when_it_is_seen(push: Push) -> None:
    job_id, _ = push.world.upload(photo())
    push.connect("one")
    push.subscribe("one", job_id)
    push.world.sleep(25 * 3600)

    push.announce(push.world.job(job_id))

    rows = table(push.world.cloud.jobs_table).scan()["Items"]
    assert [row for row in rows if row["pk"].startswith("SUBSCRIBERS#")] == []
    assert push.sockets.sent["one"][-1]["type"] == "snapshot"


def test_closed_connection_leaves_no_row(push: Push) -> None:
    job_id, _ = push.world.upload(photo())
    push.connect("one")
    push.subscribe("one", job_id)

    push.subscriptions.disconnect("one")

    rows = table(push.world.cloud.jobs_table).scan()["Items"]
    assert [row for row in rows if row["pk"].startswith(("SUBSCRIBERS#", "CONNECTION#"))] == []


# ── Subscribing ───────────────────────────────────────────────────────────────────────────────────────────────


def test_job_of_another_tenant_cannot_be_followed(push: Push) -> None:
    job_id, _ = push.world.upload(photo())
    push.connect("one", OTHER)

    with pytest.raises(NotFound):
        push.subscribe("one", job_id)

    assert push.followers(job_id) == []


def test_connection_follows_twenty_jobs_at_most(push: Push) -> None:
    jobs = [push.world.upload(b"file")[0] for _ in range(21)]
    push.connect("one")
    for job_id in jobs[:20]:
        push.subscribe("one", job_id)

    push.subscribe("one", jobs[0])
    with pytest.raises(TooManySubscriptions):
        push.subscribe("one", jobs[20])


def test_snapshot_holds_what_changed_since_and_no_more(push: Push) -> None:
    job_id, uploads = push.world.upload(photo(1), photo(2))
    push.world.run(uploads[:1])
    seen = push.world.job(job_id).seq
    push.world.run(uploads[1:])
    push.connect("one")

    push.subscribe("one", job_id, seen)

    (message,) = push.sockets.sent["one"]
    assert [task["task_id"] for task in message["tasks"]] == ["t00001"]
    assert (message["after"], message["seq"]) == (seen, push.world.job(job_id).seq)
    assert message["job"]["status"] == "completed"


def test_connection_that_does_not_take_its_snapshot_is_dropped(push: Push) -> None:
    job_id, _ = push.world.upload(photo())
    push.connect("gone")
    push.sockets.gone.add("gone")

    push.subscribe("gone", job_id)

    assert push.sockets.closed == ["gone"]
    assert push.followers(job_id) == []
    assert push.subscriptions.find_connection("gone", push.world.now) is None


def test_number_from_the_future_gets_the_job_as_it_is(push: Push) -> None:
    job_id, _ = push.world.upload(photo())
    push.connect("one")

    push.subscribe("one", job_id, 10**9)

    assert push.sockets.sent["one"][0]["seq"] == 0


def test_unsubscribed_job_is_told_no_more(push: Push) -> None:
    job_id, uploads = push.world.upload(photo())
    push.connect("one")
    push.subscribe("one", job_id)

    unsubscribe("one", job_id, push.following, push.world.clock)
    push.world.run(uploads)
    push.announce(push.world.job(job_id))

    assert len(push.sockets.sent["one"]) == 1


# ── Telling ───────────────────────────────────────────────────────────────────────────────────────────────────


def follow_upload(push: Push, count: int = 3) -> tuple[str, list[Job]]:
    """A job with a follower, and all the states that it went through."""
    world = push.world
    job_id, uploads = world.upload(*(photo(n) for n in range(count)))
    push.connect("one")
    push.subscribe("one", job_id)
    states = [world.job(job_id)]
    for uploaded in uploads:
        world.validate(uploaded)
        world.project()
        states.append(world.job(job_id))
    world.work_off()
    return job_id, [*states, world.job(job_id)]


def assert_in_step(push: Push, job_id: str, connection_id: str = "one") -> None:
    state = new_state()
    gaps = [fold(state, message) for message in push.sockets.sent[connection_id]]
    tasks = {name: comparable(task) for name, task in state["tasks"].items()}
    assert True not in gaps
    assert state["since"] == push.world.job(job_id).seq == state["job"]["seq"]
    assert {name: task["status"] for name, task in tasks.items()} == {
        task.task_id: task.status for task in push.world.all_tasks(job_id)
    }


def test_every_event_is_told_once(push: Push) -> None:
    job_id, states = follow_upload(push, 1)

    for state in states:
        push.announce(state)

    told = [entry["event"] for entry in events_of(push.sockets.sent["one"])]
    assert [told.count(f"task:{name}") for name in ("thumbnails_completed", "variants_completed", "completed")] == [
        1,
        1,
        1,
    ]
    assert told.count("job:completed") == 1
    assert_in_step(push, job_id)


def test_announcing_twice_and_out_of_order_sends_nothing_more(push: Push) -> None:
    job_id, states = follow_upload(push)
    push.announce(*states)
    sent = len(push.sockets.sent["one"])

    for state in [*reversed(states), *states]:
        push.announce(state)

    assert len(push.sockets.sent["one"]) == sent
    assert_in_step(push, job_id)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_crash_after_a_post_repeats_and_loses_nothing(push: Push, after: int) -> None:
    job_id, states = follow_upload(push)
    push.connect("two")
    push.subscribe("two", job_id)
    push.world.run([])
    sent = sum(map(len, push.sockets.sent.values()))
    push.sockets.crash_after.append(sent + after)

    for _ in range(3):
        try:
            push.announce(*states)
        except Crash:
            continue

    assert_in_step(push, job_id, "one")
    assert_in_step(push, job_id, "two")


def test_gone_subscriber_is_dropped_and_the_others_are_told(push: Push) -> None:
    job_id, states = follow_upload(push)
    push.world.tenants.save_key(KEY)
    push.connect("gone")
    push.subscriptions.subscribe(
        open_connection("gone", push.following, push.world.clock()), job_id, told_of(states[0])
    )
    push.sockets.gone.add("gone")

    push.announce(*states)

    assert push.followers(job_id) == ["one"]
    assert push.sockets.closed == ["gone"]
    assert_in_step(push, job_id)


def test_job_that_nobody_follows_costs_one_query(push: Push, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id, uploads = push.world.upload(photo())
    push.world.validate(uploads[0])
    push.world.project()
    calls: list[str] = []
    dynamodb().meta.events.register("before-call.dynamodb", lambda model, **_: calls.append(model.name))

    push.announce(push.world.job(job_id))

    assert calls == ["GetItem", "Query"]  # the first is the test's own look at the job


# ── Announcing ────────────────────────────────────────────────────────────────────────────────────────────────


def complete_with_a_failure(push: Push) -> str:
    """A job whose image could not be scored for a reason that may pass."""
    world = push.world
    job_id, uploads = world.upload(photo())
    world.validate(uploads[0])
    error = TaskError("try_again", "The service was busy.")
    world.tasks.fail_stage(TaskRef(job_id, "t00000"), Stage.QUALITY, error, Outcome.FAILED, world.clock())
    world.work_off()
    return job_id


def test_completion_is_announced_once_and_again_after_a_retry(push: Push, told: Any) -> None:
    job_id = complete_with_a_failure(push)
    first = push.world.job(job_id)
    push.announce(first)
    push.announce(first)
    retry_failed(job_id, TENANT, push.world.retrying, push.world.clock)
    push.world.work_off()
    second = push.world.job(job_id)

    push.announce(first, second)
    push.announce(second)

    assert [(found["epoch"], found["processed"], found["failed"]) for found in told()] == [(1, 0, 1), (2, 1, 0)]
    assert second.status is JobStatus.COMPLETED


def test_completion_is_announced_also_when_the_job_runs_again_already(push: Push, told: Any) -> None:
    job_id = complete_with_a_failure(push)
    first = push.world.job(job_id)
    retry_failed(job_id, TENANT, push.world.retrying, push.world.clock)

    push.announce(first, push.world.job(job_id))

    assert [found["message_id"] for found in told()] == [f"{job_id}.1"]


def test_crash_between_publishing_and_noting_repeats_the_same_message_id(
    push: Push, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = complete_with_a_failure(push)
    with monkeypatch.context() as patch:
        patch.setattr(type(push.world.jobs), "note_announced", _busy)
        with pytest.raises(Transient):
            push.announce(push.world.job(job_id))

    push.announce(push.world.job(job_id))
    push.announce(push.world.job(job_id))

    assert [found["message_id"] for found in told()] == [f"{job_id}.1"] * 2


def _busy(*_: object) -> None:
    raise Transient


def test_open_job_is_not_announced(push: Push, told: Any) -> None:
    job_id, _ = push.world.upload(photo())

    push.announce(push.world.job(job_id))

    assert told() == []


def test_reopening_is_told_to_who_follows(push: Push) -> None:
    job_id = complete_with_a_failure(push)
    push.connect("one")
    push.subscribe("one", job_id)

    retry_failed(job_id, TENANT, push.world.retrying, push.world.clock)
    push.announce(push.world.job(job_id))
    push.world.work_off()
    push.announce(push.world.job(job_id))

    names = [entry["event"] for entry in events_of(push.sockets.sent["one"]) if "job" in entry]
    assert names == ["job:reopened", "job:progress", "job:progress", "job:completed"]
    assert_in_step(push, job_id)
