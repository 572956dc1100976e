"""Nearest images: whatever the order, the races, the repetitions and the deletes, the end is that of one pass."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from shared.domain.asset import Asset
from tests.cloud import build
from tests.crashes import died, interrupted
from tests.likeness import Project, likes
from tests.storm import Storm, emulated, mutated
from tests.world import TENANT, World


@given(
    seed=st.integers(0, 1000),
    steps=st.lists(st.tuples(st.sampled_from(["score", "score", "score", "delete"]), st.integers(0, 8)), max_size=30),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_with_deletes_and_repetitions_ends_as_one_pass(seed: int, steps: list[tuple[str, int]]) -> None:
    with mock_aws():
        project = Project(World(build()), likes(seed, 9))
        for what, n in steps:
            project.create(n)
            project.play([(what, n)])

        project.assert_is_as_one_pass_would_leave_it()


RIVALS: dict[str, list[tuple[str, int]]] = {
    "an earlier one is scored": [("score", 1)],
    "a later one is scored": [("score", 4)],
    "several are scored": [("score", 1), ("score", 4), ("score", 5)],
    "the nearest is deleted": [("delete", 0)],
    "the nearest is deleted and another scored": [("delete", 0), ("score", 1)],
    "it is deleted itself": [("delete", 2)],
    "a later one is deleted": [("delete", 3)],
}


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("act", ["score", "delete"])
def test_whoever_comes_in_between_the_end_is_as_one_pass(rival: str, act: str) -> None:
    """Image 2 is scored, or image 0 deleted, and right before each of its calls somebody else does all of theirs."""
    nth = 0
    while True:
        nth += 1
        with mock_aws():
            project = _three_scored(act)
            with interrupted(nth, partial(project.play, RIVALS[rival])) as calls:
                project.play([("score", 2) if act == "score" else ("delete", 0)])

            project.assert_is_as_one_pass_would_leave_it()
        if len(calls) < nth:
            return


def test_nearer_one_that_comes_and_goes_before_the_first_score_hides_no_other() -> None:
    """Image 2 comes between image 3 and image 1, and is gone before image 3 has a score to look anew with."""
    nth = 0
    while True:
        nth += 1
        with mock_aws():
            project = Project(World(build()), {0: 0xFF, 1: 0xF, 2: 0x3, 3: 0})
            for n in range(4):
                project.create(n)
            project.score(0)
            with interrupted(nth, partial(project.play, [("score", 2), ("score", 1), ("delete", 2)])) as calls:
                project.score(3)

            project.assert_is_as_one_pass_would_leave_it()
        if len(calls) < nth:
            return


@pytest.mark.parametrize("act", ["score", "delete"])
def test_cut_off_anywhere_and_done_again_the_end_is_as_one_pass(act: str) -> None:
    cut_after, is_cut = 0, True
    while is_cut:
        cut_after += 1
        with mock_aws():
            project = _three_scored(act)
            gone = project.live.pop(0) if act == "delete" else None
            if gone is not None:
                project.catalog.delete(gone.asset_id, TENANT, project.world.clock())

            def run(project: Project = project, gone: Asset | None = gone) -> None:
                project.forget(gone) if gone else project.score(2)

            is_cut = died(cut_after, run)
            run()

            project.assert_is_as_one_pass_would_leave_it()


def test_scorer_that_comes_after_the_delete_leaves_no_trace() -> None:
    with mock_aws():
        project = _three_scored("delete")
        late = project.live[0]
        project.delete(0)

        project.score_as(late, project.hashes[0])
        project.score(1)

        project.assert_is_as_one_pass_would_leave_it()


def _three_scored(act: str) -> Project:
    """Six images much alike; 0 and 3 are scored, and 2 as well where it is not the one at work."""
    close = {n: (1 << (2 * n)) - 1 for n in range(6)}
    project = Project(World(build()), close, tail=2)
    for n in range(6):
        project.create(n)
    for n in (0, 3) if act == "score" else (0, 2, 3):
        project.score(n)
    return project


def test_storm_of_workers_ends_as_one_pass() -> None:
    """The short form of `python -m benchmarks.end_state`."""
    with emulated() as world:
        project = Project(world, mutated(seed=3, size=300), tail=16, per_second=2)
        storm = Storm(project, seed=3)

        storm.rage()

        ended = project.assert_is_as_one_pass_would_leave_it()
        assert ended["unscored"] == 0
        assert min(ended["flagged"], storm.happened["forget"], storm.happened["Cut"]) > 5
