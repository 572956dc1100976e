"""Anything may happen in any order: people, deliveries, crashes, faults and time. The books balance at every moment.

`DARKROOM_MACHINE=thorough` looks for much longer.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from moto import mock_aws

from shared.domain.dispatch import MAX_BATCH_SIZE
from shared.domain.job import Job, JobStatus
from shared.domain.presets import BUILT_IN
from shared.domain.stage import Stage
from shared.domain.task import TaskStatus
from shared.errors import DarkroomError, Transient
from shared.messages import Message, UploadEvent
from shared.usecases.cancel_job import cancel_job
from shared.usecases.redrive_poison import redrive_poison
from shared.usecases.retry_asset import retry_asset
from shared.usecases.retry_tasks import retry_failed, retry_task
from tests.cloud import build
from tests.conftest import forget_clients
from tests.crashes import Cut, failing, watched
from tests.ledger import assert_ledger_is_the_buckets, assert_nothing_is_lost, clean_up
from tests.pictures import photo
from tests.world import STALL_S, TENANT, World

BOUNDS = {"thorough": (400, 60)}.get(os.environ.get("DARKROOM_MACHINE", ""), (15, 25))

CONTENTS = [b"not an image", *(photo(seed, 20, 20) for seed in range(3))]
"""Few, so that duplicates are common."""

BUILT_INS_OFF = [{"name": preset.name, "enabled": False} for preset in BUILT_IN if preset.stage is Stage.VARIANTS]
"""Renditions are not what is tried here, and making them takes long."""
OWN = {"name": "own", "mode": "on_demand"}

LEGAL = {
    JobStatus.PENDING: set(JobStatus),
    JobStatus.PROCESSING: set(JobStatus) - {JobStatus.PENDING},
    JobStatus.COMPLETED: {JobStatus.COMPLETED},
    JobStatus.FAILED: {JobStatus.FAILED},
    JobStatus.CANCELLED: {JobStatus.CANCELLED},
}
"""What a status may become within an epoch."""

WAITS_S = [1, 60, STALL_S + 1, 3600, 86_400, 3 * 86_400]

any_index = st.integers(0, 999)
contents = st.integers(0, len(CONTENTS) - 1)
crashes = st.none() | st.integers(1, 8)
refusals = st.sampled_from([(), (), ("DeleteObject",), ("DeleteObjects",), ("TransactWriteItems",)])
faults = st.sampled_from([(), (), (), ("PutObject",), ("GetObject",), ("SendMessage",), ("TransactWriteItems",)])


class Darkroom(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.aws = mock_aws()
        self.aws.start()
        forget_clients()
        self.world = World(build())
        self.world.look_at(2)
        self.world.tenants.create(TENANT, "shop", self.world.now)
        self.granted: list[tuple[str, str]] = []
        self.queued: list[tuple[str, Message]] = []
        self.delivered: list[tuple[str, Message]] = []
        self.facts: list[dict[str, Any]] = []
        self.counted: list[dict[str, Any]] = []
        self.seen: dict[str, Job] = {}

    # ── People ────────────────────────────────────────────────────────────────────────────────────────────────

    @rule(files=st.integers(1, 3), content=contents)
    def open_a_session(self, files: int, content: int) -> None:
        if len(self.seen) > 5:
            return
        session = self.world.open_session([CONTENTS[content]] * files)
        self.granted += [(session.job_id, task.task_id) for task in session.uploads]
        self._put(session.job_id, session.uploads[0].task_id, content)

    @precondition(lambda self: self.granted)
    @rule(which=any_index, content=contents)
    def upload_once_or_again(self, which: int, content: int) -> None:
        self._put(*_pick(self.granted, which), content)

    def _put(self, job_id: str, task_id: str, content: int) -> None:
        uploaded = self.world.put(job_id, task_id, CONTENTS[content])
        self.queued.append(("ValidationQueue", UploadEvent(objects=(uploaded,))))

    @rule(batch_size=st.sampled_from([1, 2, MAX_BATCH_SIZE]), only_missing=st.booleans(), resume=st.booleans())
    def start_a_quality_job(self, batch_size: int, only_missing: bool, resume: bool) -> None:
        with _answered():
            self.world.start_quality_job(batch_size=batch_size, only_missing=only_missing, resume=resume)
        self._collect()

    @precondition(lambda self: self.seen)
    @rule(which=any_index)
    def cancel(self, which: int) -> None:
        with _answered():
            cancel_job(self._job(which), TENANT, self.world.jobs, self.world.clock)

    @precondition(lambda self: self.seen)
    @rule(which=any_index)
    def retry_what_failed(self, which: int) -> None:
        with _answered():
            retry_failed(self._job(which), TENANT, self.world.retrying, self.world.clock)
        self._collect()

    @precondition(lambda self: self.granted)
    @rule(which=any_index)
    def retry_one_task(self, which: int) -> None:
        job_id, task_id = _pick(self.granted, which)
        with _answered():
            retry_task(job_id, task_id, TENANT, self.world.retrying, self.world.clock)
        self._collect()

    @rule(which=any_index)
    def retry_one_asset(self, which: int) -> None:
        if assets := self.world.all_assets():
            with _answered():
                retry_asset(_pick(assets, which).asset_id, TENANT, self.world.retrying, self.world.clock)
            self._collect()

    @rule(which=any_index)
    def redrive(self, which: int) -> None:
        if records := self.world.poison.page(TENANT, None).records:
            poison_id = _pick(records, which).poison_id
            with _answered():
                redrive_poison(poison_id, TENANT, self.world.poison, self.world.retrying, self.world.clock)
            self._collect()

    @rule(which=any_index)
    def delete(self, which: int) -> None:
        if assets := self.world.all_assets():
            self.world.catalog.delete(_pick(assets, which).asset_id, TENANT, self.world.clock())

    @rule(which=any_index, edge=st.sampled_from([0, 30, 40]))
    def ask_for_a_rendition_of_another_size(self, which: int, edge: int) -> None:
        self.world.set_presets(*BUILT_INS_OFF, *([OWN | {"longer_edge": edge}] if edge else []))
        if edge and (assets := self.world.all_assets()):
            with _answered():
                self.world.find_rendition(_pick(assets, which).asset_id, OWN["name"])
        self._collect()

    @rule(only_missing=st.booleans())
    def rebuild(self, only_missing: bool) -> None:
        with _answered():
            self.world.rebuild(only_missing=only_missing)
        self._collect()

    # ── At night ──────────────────────────────────────────────────────────────────────────────────────────────

    @rule(days=st.sampled_from([0, 30]), is_dry_run=st.booleans(), crash=crashes, fault=refusals)
    def purge(self, days: int, is_dry_run: bool, crash: int | None, fault: tuple[str, ...]) -> None:
        with failing(*fault):
            _survives(lambda: self.world.purge(days, is_dry_run=is_dry_run), crash)

    @rule(crash=crashes, fault=refusals)
    def sweep(self, crash: int | None, fault: tuple[str, ...]) -> None:
        with failing(*fault):
            _survives(self.world.sweep, crash)

    # ── Deliveries ────────────────────────────────────────────────────────────────────────────────────────────

    @precondition(lambda self: self.queued)
    @rule(which=any_index, crash=crashes, fault=faults)
    def deliver_any(self, which: int, crash: int | None, fault: tuple[str, ...]) -> None:
        self._deliver(which % len(self.queued), crash, fault)

    @precondition(lambda self: self.queued)
    @rule()
    def deliver_all(self) -> None:
        for _ in range(len(self.queued)):
            self._deliver(0)

    @precondition(lambda self: self.delivered)
    @rule(which=any_index, crash=crashes)
    def redeliver_any(self, which: int, crash: int | None) -> None:
        self.queued.append(_pick(self.delivered, which))
        self._deliver(len(self.queued) - 1, crash)

    @precondition(lambda self: self.queued)
    @rule(which=any_index)
    def give_up_any(self, which: int) -> None:
        name, message = self.queued.pop(which % len(self.queued))
        self.world.dead_letter(name, message)
        self.delivered.append((name, message))
        self._collect()

    @rule(chosen=st.sets(st.integers(0, 30)), repeated=st.sets(st.integers(0, 30)), crash=crashes)
    def count_some(self, chosen: set[int], repeated: set[int], crash: int | None) -> None:
        old = [fact for n, fact in enumerate(self.counted) if n in repeated]
        new = [fact for n, fact in enumerate(self.facts) if n in chosen]
        if _survives(lambda: self.world.project(list(reversed(new)) + old), crash):
            self.counted += new
            self.facts = [fact for n, fact in enumerate(self.facts) if n not in chosen]

    @rule()
    def count_all(self) -> None:
        self.world.project(self.facts)
        self.counted += self.facts
        self.facts = []

    @rule(wait_s=st.sampled_from(WAITS_S))
    def time_passes(self, wait_s: int) -> None:
        self.world.now += timedelta(seconds=wait_s)

    @rule(crash=crashes)
    def reconcile(self, crash: int | None) -> None:
        _survives(self.world.reconcile, crash)
        self._collect()

    def _deliver(self, index: int, crash: int | None = None, fault: tuple[str, ...] = ()) -> None:
        name, message = self.queued.pop(index)
        with failing(*fault) if fault else nullcontext():
            is_done = _survives(lambda: self.world.deliver(name, message), crash)
        (self.delivered if is_done else self.queued).append((name, message))
        self._collect()

    def _collect(self) -> None:
        self.queued += [(name, message) for name in self.world.HANDLERS for message in self.world.sent(name)]
        self.facts += self.world.facts()

    def _job(self, which: int) -> str:
        return _pick(sorted(self.seen), which)

    # ── At every moment ───────────────────────────────────────────────────────────────────────────────────────

    @invariant()
    def books_balance(self) -> None:
        for job, tasks in self.world.all_jobs_with_tasks():
            assert sum(job.counts.values()) == job.total
            assert min(job.counts.values()) >= 0
            assert _nonzero(job.counts) == _recount(job, [task.mark.status for task in tasks]), "counted once each"
            if job.status is JobStatus.COMPLETED:
                assert all(task.mark.status not in {TaskStatus.PENDING, TaskStatus.PROCESSING} for task in tasks)
            self._assert_moves_on(self.seen.get(job.job_id, job), job)
            self.seen[job.job_id] = job

    def _assert_moves_on(self, before: Job, now: Job) -> None:
        assert now.seq >= before.seq
        assert now.epoch >= before.epoch
        assert before.total in (now.total, 0)
        if now.epoch == before.epoch or before.status is JobStatus.CANCELLED:
            assert now.epoch == before.epoch
            assert now.status in LEGAL[before.status]
            assert now.progress_pct >= before.progress_pct or not before.is_frozen

    # ── At last ───────────────────────────────────────────────────────────────────────────────────────────────

    def teardown(self) -> None:
        try:
            self._bring_to_an_end()
            self.books_balance()
            self._assert_ended()
            assert_nothing_is_lost(self.world)
            clean_up(self.world)
            assert_ledger_is_the_buckets(self.world)
        finally:
            self.aws.stop()

    def _bring_to_an_end(self) -> None:
        for _ in range(12):
            for _ in range(10):
                self._collect()
                if not self.queued:
                    break
                self.deliver_all()
            self.count_all()
            if all(_is_over(job, self.world) for job in self.world.all_jobs()):
                return
            self.time_passes(STALL_S + 1)
            self.reconcile(None)

    def _assert_ended(self) -> None:
        assert not self.queued
        for job, tasks in self.world.all_jobs_with_tasks():
            if job.is_expired(self.world.now):
                continue
            assert job.is_ended
            assert _nonzero(job.counts) == _recount(job, [task.status for task in tasks])
            if job.status is not JobStatus.FAILED:
                assert not job.counts[TaskStatus.PENDING] + job.counts[TaskStatus.PROCESSING]


def _survives(run: Callable[[], object], crash: int | None) -> bool:
    """Whether the message is acknowledged: neither a crash nor a transient fault came in between."""
    try:
        with watched(crash):
            run()
    except (Cut, Transient):
        return False
    return True


@contextmanager
def _answered() -> Iterator[None]:
    """A caller may be told no."""
    try:
        yield
    except DarkroomError:
        return


def _pick(found: Any, which: int) -> Any:
    return found[which % len(found)]


def _nonzero(counts: Any) -> dict[TaskStatus, int]:
    return {status: n for status, n in counts.items() if n}


def _recount(job: Job, statuses: list[TaskStatus]) -> dict[TaskStatus, int]:
    """Tasks that were not handed out yet are pending; all that is pending when a job is cancelled is skipped."""
    counts = Counter(statuses)
    counts[TaskStatus.PENDING] += job.total - len(statuses)
    if job.status is JobStatus.CANCELLED:
        counts[TaskStatus.SKIPPED] += counts.pop(TaskStatus.PENDING)
    return _nonzero(counts)


def _is_over(job: Job, world: World) -> bool:
    return job.is_ended or job.is_expired(world.now)


Darkroom.TestCase.settings = settings(
    max_examples=BOUNDS[0],
    stateful_step_count=BOUNDS[1],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
test_books_balance_whatever_happens = Darkroom.TestCase
