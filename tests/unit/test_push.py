"""What subscribers are told, and that folding it gives the server's state whatever happens on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import push
from shared.domain.job import Job, JobStatus
from shared.domain.push import Told, job_events, task_events, told_of
from shared.domain.stage import Stage
from shared.domain.task import Mark, StageStatus, Task, TaskEvent, TaskStatus, completed, happened, pending
from tests.push import Message, fold, new_state
from tests.unit.jobs import NOW
from tests.unit.jobs import job as job_of
from tests.unit.jobs import task as task_of

STAGES = (Stage.VALIDATION, Stage.THUMBNAILS, Stage.VARIANTS, Stage.QUALITY)
PENDING = Mark(pending(STAGES), TaskStatus.PENDING)
DONE = Mark(completed(STAGES), TaskStatus.COMPLETED)


def upload_job(size: int) -> Job:
    return job_of(*(task_of(n) for n in range(size)))


def task_at(event_seq: int, **event_seqs: int) -> Task:
    events = {TaskEvent[name.upper()]: seq for name, seq in event_seqs.items()}
    return Task("job", "t00000", "a.jpg", DONE.stages, DONE, event_seq=event_seq, event_seqs=events)


def test_image_that_was_known_already_has_all_events_at_once() -> None:
    assert happened(PENDING, DONE) == {
        TaskEvent.THUMBNAILS_COMPLETED,
        TaskEvent.VARIANTS_COMPLETED,
        TaskEvent.COMPLETED,
    }


def test_failed_stage_is_one_event() -> None:
    failed = Mark({**PENDING.stages, Stage.VALIDATION: StageStatus.FAILED}, TaskStatus.FAILED)

    assert happened(PENDING, failed) == {TaskEvent.FAILED}


def test_nothing_happens_twice() -> None:
    assert happened(DONE, DONE) == set()


def test_task_is_told_every_event_since_and_none_before() -> None:
    task = task_at(9, thumbnails_completed=3, variants_completed=6, completed=9)

    assert task_events(task, 3) == [(6, "task:variants_completed"), (9, "task:completed")]


def test_change_without_a_name_is_told_as_progress() -> None:
    assert task_events(task_at(5, thumbnails_completed=4), 4) == [(5, "task:progress")]


@pytest.mark.parametrize(
    ("told", "status", "epoch", "expected"),
    [
        (JobStatus.PENDING, JobStatus.PROCESSING, 1, ["job:progress"]),
        (JobStatus.PROCESSING, JobStatus.COMPLETED, 1, ["job:progress", "job:completed"]),
        (JobStatus.CANCELLED, JobStatus.CANCELLED, 1, ["job:progress"]),
        (JobStatus.COMPLETED, JobStatus.PROCESSING, 2, ["job:reopened", "job:progress"]),
        (JobStatus.COMPLETED, JobStatus.COMPLETED, 2, ["job:reopened", "job:progress", "job:completed"]),
    ],
)
def test_end_of_a_job_is_told_once_per_epoch(
    told: JobStatus, status: JobStatus, epoch: int, expected: list[str]
) -> None:
    job = replace(upload_job(1), status=status, epoch=epoch, seq=7)

    assert job_events(Told(4, 1, told), job) == expected


def test_messages_stay_below_the_limit_and_cover_all_without_a_gap() -> None:
    job = replace(upload_job(500), seq=500)
    tasks = [(replace(task_at(n), task_id=f"t{n:05d}"), {"name": "ü" * 300}) for n in range(1, 501)]

    texts = push.events(job, {"seq": 500}, tasks, Told(0, 1, JobStatus.PENDING))

    messages = [json.loads(text) for text in texts]
    assert max(len(text.encode()) for text in texts) <= push.MAX_MESSAGE_BYTES
    assert len(messages) > 5
    assert [message["after"] for message in messages] == [0, *(message["seq"] for message in messages[:-1])]
    assert messages[-1]["seq"] == 500
    assert sum(len(message["events"]) for message in messages) == 501


def test_large_snapshot_says_where_to_read_on() -> None:
    job = replace(upload_job(5), seq=50)
    tasks = [(replace(task_at(n), task_id=f"t{n:05d}"), {}) for n in (7, 8)]

    (text,) = push.snapshot(job, {"seq": 50}, tasks, 3, 7)

    message = json.loads(text)
    assert (message["after"], message["seq"], message["read_on_from"], message["has_more"]) == (3, 7, 7, False)


class Server:
    """A job of a few tasks, its subscriber's row, and a socket that may be cut at any message."""

    def __init__(self, size: int) -> None:
        self.job: Job = upload_job(size)
        self.tasks = {f"t{n:05d}": task_at(0) for n in range(size)}
        self.values = dict.fromkeys(self.tasks, 0)
        self.told: Told | None = None
        self.wire: list[str] = []

    def change(self, names: list[str]) -> None:
        self.job = replace(self.job, seq=self.job.seq + 1, updated_at=NOW)
        for name in names:
            self.values[name] += 1
            self.tasks[name] = replace(
                self.tasks[name], task_id=name, event_seq=self.job.seq, event_seqs={TaskEvent.FAILED: self.job.seq}
            )

    def view(self) -> Message:
        return {"seq": self.job.seq, "status": self.job.status}

    def changed(self, after: int) -> list[tuple[Task, Message]]:
        found = sorted((task for task in self.tasks.values() if task.event_seq > after), key=lambda t: t.event_seq)
        return [(task, self.task_view(task.task_id)) for task in found]

    def task_view(self, name: str) -> Message:
        return {"task_id": name, "seq": self.tasks[name].event_seq, "value": self.values[name], "fill": "x" * 60}

    def subscribe(self, since: int) -> list[str]:
        self.told = told_of(self.job)
        return push.snapshot(self.job, self.view(), self.changed(since), since, None)

    def announce(self, *, is_noted: bool) -> None:
        if self.told and self.told.seq < self.job.seq:
            self.wire += push.events(self.job, self.view(), self.changed(self.told.seq), self.told)
            self.told = told_of(self.job) if is_noted else self.told

    def final(self) -> Message:
        return {name: self.task_view(name) for name, task in self.tasks.items() if task.event_seq}


NAMES = [f"t{n:05d}" for n in range(6)]
STEP = st.one_of(
    st.tuples(st.just("change"), st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)),
    st.tuples(st.just("announce"), st.booleans()),
    st.tuples(st.just("receive"), st.integers(1, 4)),
    st.tuples(st.just("cut"), st.integers(0, 3)),
    st.tuples(st.just("race"), st.integers(0, 3)),
)


@given(st.lists(STEP, max_size=40))
@settings(deadline=None)
def test_folding_gives_the_servers_state_whatever_was_cut_repeated_or_overtaken(steps: list[tuple[str, Any]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(push, "MAX_MESSAGE_BYTES", 400)
        server, state = Server(len(NAMES)), new_state()
        for kind, detail in steps:
            take(server, state, kind, detail)
        server.announce(is_noted=True)
        if server.told is None:
            server.wire = server.subscribe(state["since"])

        while server.wire:
            receive(server, state, len(server.wire))

    assert state["tasks"] == server.final()
    assert (state["since"], state["job"]) == (server.job.seq, server.view())


def take(server: Server, state: Message, kind: str, detail: Any) -> None:
    if kind == "change":
        server.change(detail)
    elif kind == "announce":
        server.announce(is_noted=detail)
    elif kind == "receive":
        receive(server, state, detail)
    elif kind == "cut":  # so many messages of the new snapshot arrive before the next cut
        server.wire = server.subscribe(state["since"])
        receive(server, state, detail)
        server.wire, server.told = [], None
    else:  # a change between the subscription and its snapshot is told before the snapshot is
        since = state["since"]
        server.wire = []
        server.subscribe(since)
        server.change([NAMES[detail]])
        server.announce(is_noted=True)
        server.wire += push.snapshot(server.job, server.view(), server.changed(since), since, None)


def receive(server: Server, state: Message, count: int) -> None:
    """Fold so many messages; where one does not follow, subscribe again, as the protocol says."""
    now, server.wire = server.wire[:count], server.wire[count:]
    has_gap = [fold(state, json.loads(text)) for text in now]
    if True in has_gap:
        server.wire += server.subscribe(state["since"])
