import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.stage import Stage
from shared.domain.task import (
    ENDED_TASK,
    STAGE_WEIGHTS,
    UPLOAD_STAGES,
    Outcome,
    Stages,
    StageStatus,
    TaskStatus,
    completed,
    outcome_of,
    pending,
    progress_pct,
    status_of,
)

P, W, C, F = StageStatus.PENDING, StageStatus.PROCESSING, StageStatus.COMPLETED, StageStatus.FAILED

RANK = {TaskStatus.PENDING: 0, TaskStatus.PROCESSING: 1} | dict.fromkeys(ENDED_TASK, 2)
"""How far along a task of this status is."""


def stages_of(*states: StageStatus) -> Stages:
    return dict(zip(UPLOAD_STAGES, states, strict=True))


@st.composite
def histories(draw: st.DrawFn) -> list[Stages]:
    """A task's stages from its creation on: in each step one stage begins, completes or fails."""
    stages = dict(pending(UPLOAD_STAGES))
    history = [dict(stages)]
    for stage in draw(st.lists(st.sampled_from(UPLOAD_STAGES), max_size=12)):
        if stages[stage] in {P, W}:
            stages[stage] = draw(st.sampled_from([W, C, F]))
        history.append(dict(stages))
    return history


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((P, P, P, P), TaskStatus.PENDING),
        ((W, P, P, P), TaskStatus.PROCESSING),
        ((C, P, P, P), TaskStatus.PROCESSING),
        ((P, W, P, P), TaskStatus.PROCESSING),
        ((C, C, C, W), TaskStatus.PROCESSING),
        ((C, C, C, C), TaskStatus.COMPLETED),
        ((F, P, P, P), TaskStatus.FAILED),
        ((C, F, W, P), TaskStatus.FAILED),
        ((C, C, C, F), TaskStatus.FAILED),
        ((F, F, F, F), TaskStatus.FAILED),
    ],
)
def test_status_follows_from_the_stages(states: tuple[StageStatus, ...], status: TaskStatus) -> None:
    assert status_of(stages_of(*states)) is status


@pytest.mark.parametrize("states", [(P, P, P, P), (C, W, P, P), (C, C, C, C), (F, P, P, P)])
def test_skipped_task_is_skipped_whatever_its_stages(states: tuple[StageStatus, ...]) -> None:
    assert status_of(stages_of(*states), Outcome.SKIPPED) is TaskStatus.SKIPPED


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.SKIPPED}))
def test_no_other_outcome_moves_the_status(outcome: Outcome) -> None:
    assert status_of(stages_of(C, W, P, P), outcome) is TaskStatus.PROCESSING


def test_upload_that_completed_has_created_its_asset() -> None:
    assert outcome_of(stages_of(C, C, C, C), None) is Outcome.CREATED


def test_scoring_that_completed_has_scored_its_asset() -> None:
    assert outcome_of({Stage.QUALITY: C}, None) is Outcome.SCORED


@pytest.mark.parametrize("states", [(P, P, P, P), (C, W, P, P), (C, C, C, F)])
def test_task_that_is_not_completed_has_no_outcome_but_what_was_noted(states: tuple[StageStatus, ...]) -> None:
    assert outcome_of(stages_of(*states), None) is None


@pytest.mark.parametrize("noted", sorted(Outcome))
def test_noted_outcome_stands(noted: Outcome) -> None:
    assert outcome_of(stages_of(C, C, C, C), noted) is noted


@given(histories())
def test_status_never_falls_back(history: list[Stages]) -> None:
    ranks = [RANK[status_of(stages)] for stages in history]

    assert ranks == sorted(ranks)


@given(histories())
def test_failed_task_never_completes(history: list[Stages]) -> None:
    statuses = [status_of(stages) for stages in history]

    assert not {TaskStatus.FAILED, TaskStatus.COMPLETED} <= set(statuses)


@given(histories())
def test_progress_never_falls_and_ends_at_100(history: list[Stages]) -> None:
    progress = [progress_pct(stages, status_of(stages)) for stages in history]

    assert progress == sorted(progress)
    assert all(0 <= pct <= 100 for pct in progress)


@given(histories())
def test_progress_is_100_exactly_when_the_task_has_ended(history: list[Stages]) -> None:
    last = status_of(history[-1])

    assert (progress_pct(history[-1], last) == 100) == (last in ENDED_TASK)


@pytest.mark.parametrize(
    ("states", "pct"),
    [
        ((P, P, P, P), 0.0),
        ((W, P, P, P), 0.0),
        ((C, P, P, P), 20.0),
        ((C, C, P, P), 50.0),
        ((C, P, P, C), 40.0),
        ((C, C, C, W), 80.0),
        ((C, C, C, C), 100.0),
        ((F, P, P, P), 100.0),
    ],
)
def test_progress_comes_from_the_weights_of_completed_stages(states: tuple[StageStatus, ...], pct: float) -> None:
    stages = stages_of(*states)

    assert progress_pct(stages, status_of(stages)) == pct


def test_progress_of_fewer_stages_is_weighed_among_them() -> None:
    stages = {Stage.THUMBNAILS: C, Stage.QUALITY: W}

    assert progress_pct(stages, status_of(stages)) == 60.0


def test_skipped_task_is_at_100() -> None:
    assert progress_pct(pending(UPLOAD_STAGES), TaskStatus.SKIPPED) == 100.0


def test_every_stage_has_a_weight_and_an_upload_weighs_100() -> None:
    assert set(STAGE_WEIGHTS) >= set(UPLOAD_STAGES)
    assert sum(STAGE_WEIGHTS[stage] for stage in UPLOAD_STAGES) == 100


def test_new_stages_are_pending_or_completed_throughout() -> None:
    assert status_of(pending(UPLOAD_STAGES)) is TaskStatus.PENDING
    assert status_of(completed(UPLOAD_STAGES)) is TaskStatus.COMPLETED
