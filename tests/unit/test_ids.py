from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import (
    ASSET_ID,
    JOB_ID,
    TASK_ID,
    TENANT_ID,
    asset_id_of,
    checked_asset_id,
    job_created_at,
    job_id_at,
    task_id_at,
    ulid_at,
)
from shared.errors import InvalidId

TENANT = "tenant_00000000000000000000000000"
CONTENT = "0" * 64
ZEROS = bytes(10)

moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
randomness = st.binary(min_size=10, max_size=10)
indexes = st.integers(0, 99_999)


@given(moments, randomness)
def test_job_id_carries_its_creation_time_to_the_millisecond(now: datetime, chance: bytes) -> None:
    found = job_created_at(job_id_at(now, chance))

    assert abs(found - now) <= timedelta(milliseconds=1)
    assert found.tzinfo == UTC


@given(moments, randomness)
def test_job_id_is_of_its_form(now: datetime, chance: bytes) -> None:
    assert JOB_ID.fullmatch(job_id_at(now, chance))


@given(moments, randomness)
def test_tenant_id_is_of_its_form(now: datetime, chance: bytes) -> None:
    assert TENANT_ID.fullmatch(f"tenant_{ulid_at(now, chance)}")


@given(moments, randomness, randomness)
def test_later_job_sorts_after_an_earlier_one(now: datetime, earlier: bytes, later: bytes) -> None:
    later_id = job_id_at(now + timedelta(milliseconds=2), later)

    assert job_id_at(now, earlier) < later_id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "job_",
        "12",
        "job_00000000000000000000000000\n",
        "job_0000000000000000000000000",
        "JOB_00000000000000000000000000",
        "job_0000000000000000000000000U",
        "job_80000000000000000000000000",
        "job_7zzzzzzzzzzzzzzzzzzzzzzzzz",  # of the year 10889, beyond the calendar
        "asset_00000000000000000000000000",
    ],
)
def test_what_is_no_job_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidId):
        job_created_at(text)


@given(indexes)
def test_task_id_is_of_its_form(index: int) -> None:
    assert TASK_ID.fullmatch(task_id_at(index))


@given(indexes, indexes)
def test_task_ids_sort_in_the_order_of_the_job(first: int, second: int) -> None:
    assert (task_id_at(first) < task_id_at(second)) == (first < second)


@given(st.integers(1, 2_000_000), st.data())
def test_task_ids_of_a_job_of_any_size_are_of_their_form_and_sort(total: int, data: st.DataObject) -> None:
    first, second = data.draw(st.integers(0, total - 1)), data.draw(st.integers(0, total - 1))
    first_id, second_id = task_id_at(first, total), task_id_at(second, total)

    assert TASK_ID.fullmatch(first_id)
    assert (first_id < second_id) == (first < second)


def test_same_content_in_one_project_is_one_asset() -> None:
    assert asset_id_of(TENANT, "shop", CONTENT) == asset_id_of(TENANT, "shop", CONTENT)


@pytest.mark.parametrize(
    "other",
    [
        ("tenant_11111111111111111111111111", "shop", CONTENT),
        (TENANT, "wall", CONTENT),
        (TENANT, "shop", "1" * 64),
    ],
)
def test_other_tenant_project_or_content_is_another_asset(other: tuple[str, str, str]) -> None:
    assert asset_id_of(*other) != asset_id_of(TENANT, "shop", CONTENT)


def test_asset_id_outlives_the_process() -> None:
    asset_id = asset_id_of(TENANT, "shop", CONTENT)

    assert ASSET_ID.fullmatch(asset_id)
    assert checked_asset_id(asset_id) == asset_id
    assert asset_id == "asset_fulal4areizyzj72ef5wsgdbcer4pxgk"


@pytest.mark.parametrize(
    "text", ["", "7", "asset_", "asset_" + "A" * 32, "asset_" + "a" * 32 + "\n", "job_" + "a" * 32]
)
def test_what_is_no_asset_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidId):
        checked_asset_id(text)
