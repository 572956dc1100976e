"""How a job walks its manifest."""

from dataclasses import replace
from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dispatch import MAX_BATCH_SIZE, Dispatch, QualityOptions

JOB = "job_" + "0" * 26


@given(st.lists(st.integers(0, 7), max_size=9), st.integers(1, MAX_BATCH_SIZE))
def test_batches_of_the_size_asked_for_take_every_entry_once_in_its_order(sizes: list[int], batch_size: int) -> None:
    manifest = [[(number, n) for n in range(size)] for number, size in enumerate(sizes)]
    dispatch = Dispatch(JOB, QualityOptions(batch_size=batch_size), chunks=tuple(sizes), is_frozen=True)
    batches = []

    while not dispatch.is_done:
        batches.append([entry for number, part in dispatch.next_batch for entry in manifest[number][part]])
        dispatch = replace(dispatch, dispatched=dispatch.dispatched + len(batches[-1]))

    assert list(chain(*batches)) == list(chain(*manifest))
    assert all(len(batch) == batch_size for batch in batches[:-1])


def test_batch_leaves_alone_the_chunks_that_hold_none_of_it() -> None:
    dispatch = Dispatch(JOB, QualityOptions(batch_size=2), chunks=(3, 0, 1, 0, 5), dispatched=2)

    assert [number for number, _ in dispatch.next_batch] == [0, 2]
