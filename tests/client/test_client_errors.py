"""What the API's refusals become."""

import httpx
import pytest

from darkroom import ApiError, Client, ConfigError, RetryPolicy, UnexpectedAnswer


def answering(status: int, body: object, key: str = "dk_a_b") -> Client:
    transport = httpx.MockTransport(lambda request: httpx.Response(status, json=body))
    return Client("https://api.test/api", key, transport=transport, retries=RetryPolicy(attempts=1))


def refusal(client: Client) -> ApiError:
    with client, pytest.raises(ApiError) as caught:
        client.get_asset("a1")
    return caught.value


def test_problem_document_becomes_an_error_with_its_numbers() -> None:
    body = {
        "title": "Too large",
        "status": 422,
        "detail": "61 MB",
        "code": "file_too_large",
        "limit": 50,
        "measured": 61,
    }

    error = refusal(answering(422, body))

    assert (error.status, error.code, error.title, error.detail) == (422, "file_too_large", "Too large", "61 MB")
    assert (error.limit, error.measured) == (50, 61)
    assert str(error) == "61 MB [limit 50, measured 61] (422 file_too_large)"


def test_field_errors_keep_their_place() -> None:
    body = {
        "code": "invalid_request",
        "errors": [{"loc": ["files", 17, "bytes"], "code": "empty_file", "detail": "none"}],
    }

    error = refusal(answering(422, body))

    assert error.errors[0].loc == ("files", 17, "bytes")
    assert error.errors[0].code == "empty_file"
    assert str(error).endswith("files.17.bytes: none (422 invalid_request)")


@pytest.mark.parametrize(
    ("status", "key", "code"),
    [
        (401, "", "missing_key"),
        (401, "dk_a_b", "unauthorized"),
        (403, "dk_a_b", "forbidden"),
        (413, "dk_a_b", "body_too_large"),
        (429, "dk_a_b", "too_many_requests"),
        (500, "dk_a_b", "server_error"),
        (503, "dk_a_b", "try_again"),
        (504, "dk_a_b", "timed_out"),
    ],
)
def test_gateway_answer_gets_a_code_by_its_status(status: int, key: str, code: str) -> None:
    error = refusal(answering(status, {"message": "Nope"}, key))

    assert error.code == code
    assert error.detail == "Nope"


def test_error_without_json_still_says_its_status() -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(404, text="<html>"))

    error = refusal(Client("https://api.test", "k", transport=transport))

    assert (error.status, error.code, error.detail) == (404, "not_found", "Not Found")


@pytest.mark.parametrize("body", [[], {"surprise": 1}, "text"])
def test_answer_of_another_service_is_named_as_such(body: object) -> None:
    with answering(200, body) as client, pytest.raises(UnexpectedAnswer, match=r"api\.test"):
        client.get_asset("a1")


def test_unknown_fields_are_ignored() -> None:
    with answering(200, {"asset_id": "a1", "hologram": True, "quality": {"status": "pending", "aura": 1}}) as client:
        asset = client.get_asset("a1")

    assert asset.asset_id == "a1"
    assert asset.quality is not None
    assert asset.quality.status == "pending"


def test_key_with_a_line_break_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigError) as caught:
        Client("https://api.test", "dk_secret\n")

    assert "dk_secret" not in str(caught.value)
