import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.domain.asset import Original
from shared.domain.task import TaskRef
from shared.messages import AssetRequest, DispatchStep, ScoreRequest, UploadedObject, UploadEvent

REQUEST = AssetRequest(
    job_id="job_a",
    task_id="t00000",
    epoch=2,
    tenant="tenant_a",
    project="shop",
    asset_id="asset_a",
    creator="job_a.t00000",
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    original=Original("originals/a", "v1"),
    width=40,
    height=30,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def record(**found: object) -> dict[str, Any]:
    return {"s3": {"object": {"key": "originals/a", "size": 3, "versionId": "v1"} | found}}


def read(body: object) -> tuple[UploadedObject, ...]:
    return UploadEvent.model_validate_json(json.dumps(body)).objects


def test_test_event_of_a_new_notification_asks_for_nothing() -> None:
    assert read({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}) == ()


def test_object_is_read_with_its_version_and_size() -> None:
    assert read({"Records": [record()]}) == (UploadedObject(key="originals/a", version_id="v1", bytes=3),)


def test_every_record_of_a_notification_is_read_in_order() -> None:
    objects = read({"Records": [record(key="a"), record(key="b"), record(key="c")]})

    assert [found.key for found in objects] == ["a", "b", "c"]


def test_key_is_decoded() -> None:
    assert read({"Records": [record(key="a+b%2Bc%25d")]})[0].key == "a b+c%d"


@pytest.mark.parametrize("version_id", [None, ""])
def test_object_without_a_version_has_the_null_version(version_id: str | None) -> None:
    assert read({"Records": [record(versionId=version_id)]})[0].version_id == "null"


def test_object_without_a_size_has_none_to_speak_of() -> None:
    assert read({"Records": [{"s3": {"object": {"key": "a"}}}]})[0] == UploadedObject(key="a", version_id="null")


def test_notification_without_records_asks_for_nothing() -> None:
    assert read({"Records": []}) == ()


@pytest.mark.parametrize(
    "body",
    [
        None,
        7,
        "text",
        [],
        {},
        {"Records": None},
        {"Records": "x"},
        {"Records": [None]},
        {"Records": [{}]},
        {"Records": [{"s3": {}}]},
        {"Records": [{"s3": {"object": {}}}]},
        {"Records": [{"s3": {"object": {"key": 7}}}]},
        {"Records": [{"s3": {"object": {"key": None}}}]},
        {"Records": [record(size="big")]},
        {"Records": [record(), {}]},
        {"Event": "s3:Other"},
    ],
)
def test_junk_is_told_as_junk(body: object) -> None:
    with pytest.raises(ValidationError):
        read(body)


@given(json_values)
def test_no_json_whatever_does_more_than_be_refused(body: object) -> None:
    try:
        objects = read({"Records": [{"s3": {"object": body}}]})
    except ValidationError:
        objects = ()

    assert all(isinstance(found.key, str) for found in objects)


def test_asset_request_comes_back_from_its_text() -> None:
    assert AssetRequest.model_validate_json(REQUEST.model_dump_json()) == REQUEST


def test_asset_request_names_its_task_in_its_epoch() -> None:
    assert REQUEST.task == TaskRef("job_a", "t00000", 2)


def test_asset_request_without_its_epoch_is_junk() -> None:
    body = REQUEST.model_dump(exclude={"epoch"})

    with pytest.raises(ValidationError):
        AssetRequest.model_validate(body)


def test_score_request_comes_back_from_its_text() -> None:
    batch = ScoreRequest(assets=(REQUEST, REQUEST))

    assert ScoreRequest.model_validate_json(batch.model_dump_json()) == batch


def test_score_request_for_nothing_is_junk() -> None:
    with pytest.raises(ValidationError):
        ScoreRequest(assets=())


def test_asset_request_is_no_score_request() -> None:
    with pytest.raises(ValidationError):
        ScoreRequest.model_validate_json(REQUEST.model_dump_json())


def test_dispatch_step_comes_back_from_its_text() -> None:
    step = DispatchStep(job_id="job_a", step=3)

    assert DispatchStep.model_validate_json(step.model_dump_json()) == step


def test_news_of_an_upload_that_we_send_ourselves_comes_back_from_its_text() -> None:
    event = UploadEvent(objects=(UploadedObject(key="originals/a b+c%d", version_id="v1", bytes=3),))

    assert UploadEvent.model_validate_json(event.model_dump_json()) == event
