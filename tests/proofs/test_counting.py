"""Whatever the order, however often, wherever it dies: the counters are those of the tasks."""

from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from shared.domain.job import Job
from shared.domain.stage import Stage
from shared.domain.task import Outcome, Task, TaskError, TaskStatus
from shared.usecases.count_progress import count_progress
from tests.cloud import build
from tests.crashes import died
from tests.world import World

TASKS = 4
STAGES = list(Stage)

Fact = Callable[[World, Task], object]
FACTS: dict[str, Fact] = {
    **{f"begin {stage}": lambda w, t, s=stage: w.tasks.begin_stage(t.ref, s, w.clock()) for stage in STAGES},  # type: ignore[misc]
    **{f"finish {stage}": lambda w, t, s=stage: w.tasks.finish_stage(t.ref, s, w.clock()) for stage in STAGES},  # type: ignore[misc]
    "refuse": lambda w, t: w.tasks.fail_stage(
        t.ref, Stage.VALIDATION, TaskError("empty_file", "no bytes"), Outcome.REFUSED, w.clock()
    ),
    "exists": lambda w, t: w.tasks.finish_as_existing(t, "asset_of_another", None, w.clock()),
}

task_numbers = st.integers(0, TASKS - 1)
facts = st.tuples(st.just("fact"), task_numbers, st.sampled_from(sorted(FACTS)))
counts = st.tuples(st.just("count"), st.sets(task_numbers, min_size=1), st.integers(0, 2))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(facts | counts, max_size=30))
def test_any_order_and_repetition_with_crashes_counts_exactly(steps: list[tuple[str, object, object]]) -> None:
    with mock_aws():
        world = World(build())
        job_id = world.open_session([b"x"] * TASKS).job_id
        before = world.job(job_id)

        for kind, which, what in steps:
            if kind == "fact":
                FACTS[str(what)](world, world.task(job_id, int(str(which))))
            else:
                _count(world, job_id, sorted(which), int(str(what)))  # type: ignore[call-overload]
            now = world.job(job_id)
            assert_never_past_the_total(now)
            assert_never_back(before, now)
            before = now
        count_progress(job_id, [f"t{i:05d}" for i in range(TASKS)], world.jobs, world.clock)

        assert_counts_are_those_of_the_tasks(world, job_id)


def _count(world: World, job_id: str, numbers: list[int], cut_after: int) -> None:
    def run() -> None:
        count_progress(job_id, [f"t{i:05d}" for i in numbers], world.jobs, world.clock)

    if cut_after:
        died(cut_after, run)
    else:
        run()


def assert_never_past_the_total(job: Job) -> None:
    assert sum(job.counts.values()) == job.total
    assert min(job.counts.values()) >= 0


def assert_never_back(before: Job, now: Job) -> None:
    assert now.progress_pct >= before.progress_pct
    assert now.seq >= before.seq


def assert_counts_are_those_of_the_tasks(world: World, job_id: str) -> None:
    job = world.job(job_id)
    recount = Counter(task.status for task in world.all_tasks(job_id))
    assert {status: n for status, n in job.counts.items() if n} == dict(recount)
    ended = recount[TaskStatus.COMPLETED] + recount[TaskStatus.FAILED] + recount[TaskStatus.SKIPPED]
    assert job.is_ended == (ended == job.total)
