from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import keys
from shared.domain.ids import JOB_ID, TASK_ID, TENANT_ID
from shared.domain.keys import OriginalKey

TENANT = "tenant_00000000000000000000000000"
JOB = "job_00000000000000000000000000"

original_keys = st.builds(
    OriginalKey,
    tenant=st.from_regex(TENANT_ID, fullmatch=True),
    job_id=st.from_regex(JOB_ID, fullmatch=True),
    task_id=st.from_regex(TASK_ID, fullmatch=True),
)
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


@given(original_keys)
def test_original_key_comes_back_from_its_text(key: OriginalKey) -> None:
    assert OriginalKey.parse(str(key)) == key


@given(original_keys)
def test_original_key_needs_no_encoding(key: OriginalKey) -> None:
    assert keys.from_event(str(key)) == str(key)


@given(names)
def test_event_key_is_decoded_to_the_objects_own(name: str) -> None:
    assert keys.from_event(quote_plus(name)) == name


@pytest.mark.parametrize(
    ("spelt", "own"),
    [
        ("a+b.jpg", "a b.jpg"),
        ("a%2Bb.jpg", "a+b.jpg"),
        ("100%25.jpg", "100%.jpg"),
        ("a%2520b.jpg", "a%20b.jpg"),
        ("caf%C3%A9.jpg", "café.jpg"),
        ("originals%2Fx", "originals/x"),
    ],
)
def test_plus_percent_and_space_in_event_keys(spelt: str, own: str) -> None:
    assert keys.from_event(spelt) == own


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "originals/",
        "scratch/tenant_00000000000000000000000000/file.jpg",
        f"originals/{TENANT}/{JOB}",
        f"originals/{TENANT}/{JOB}/t00000/",
        f"originals/{TENANT}/{JOB}/t00000/beach.jpg",
        f"originals/{TENANT}/{JOB}/t00000\n",
        f"/originals/{TENANT}/{JOB}/t00000",
        f"x/originals/{TENANT}/{JOB}/t00000",
        f"originals/{TENANT}/job_1/t00000",
        f"originals/tenant_1/{JOB}/t00000",
        f"originals/{TENANT}/{JOB}/t1",
        f"originals/{TENANT}/../{JOB}/t00000",
    ],
)
def test_foreign_key_names_no_task(foreign: str) -> None:
    assert OriginalKey.parse(foreign) is None


@given(names)
def test_no_name_whatever_breaks_the_parsing(name: str) -> None:
    assert OriginalKey.parse(f"originals/{name}") is None


def test_asset_made_anew_after_a_purge_has_new_rendition_keys() -> None:
    first = keys.renditions_prefix(TENANT, "asset_a", keys.creator_of(JOB, "t00000"))
    again = keys.renditions_prefix(TENANT, "asset_a", keys.creator_of(JOB, "t00001"))

    assert first != again
    assert keys.rendition_key(first, "card", "b56416f6", "jpg") == f"{first}card-b56416f6.jpg"


def test_each_edition_has_rendition_keys_of_its_own() -> None:
    made = {keys.rendition_key("renditions/", "card", "b56416f6", "jpg", edition) for edition in range(3)}

    assert len(made) == 3


def test_task_row_names_its_task() -> None:
    assert keys.task_of_row(keys.job_pk(JOB), keys.task_sk("t00003")) == (JOB, "t00003")


def test_job_row_names_no_task() -> None:
    assert keys.task_of_row(keys.job_pk(JOB), keys.JOB_ROW) is None
