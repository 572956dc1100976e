"""When the client tries again, and how long it waits."""

from collections.abc import Callable

import httpx
import pytest

from darkroom import ApiError, Client, RetryPolicy, Unreachable
from darkroom.retry import retry_after_s

Answer = Callable[[httpx.Request], httpx.Response]


class Script:
    """Plays answers one after the other, the last for ever."""

    def __init__(self, *answers: httpx.Response | httpx.TransportError) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, httpx.TransportError):
            answer.request = request
            raise answer
        return answer

    def client(self, attempts: int = 4) -> Client:
        policy = RetryPolicy(attempts=attempts, base_s=1.0, max_s=3.0, sleep=self.waits.append)
        return Client("https://api.test/api", "dk_a_b", transport=httpx.MockTransport(self), retries=policy)


def ok() -> httpx.Response:
    return httpx.Response(200, json={"asset_id": "a1"})


@pytest.mark.parametrize(
    "fault",
    [httpx.Response(429), httpx.Response(500), httpx.Response(503), httpx.ConnectError("no"), httpx.ReadTimeout("")],
)
def test_transient_fault_is_tried_again(fault: httpx.Response | httpx.TransportError) -> None:
    script = Script(fault, ok())

    with script.client() as client:
        asset = client.get_asset("a1")

    assert asset.asset_id == "a1"
    assert len(script.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422])
def test_refusal_is_never_tried_again(status: int) -> None:
    script = Script(httpx.Response(status, json={"code": "no"}))

    with script.client() as client, pytest.raises(ApiError):
        client.get_asset("a1")

    assert len(script.requests) == 1
    assert script.waits == []


def test_waits_double_up_to_the_cap_with_full_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    script = Script(httpx.Response(503), httpx.Response(503), httpx.Response(503), ok())

    with script.client() as client:
        client.get_asset("a1")

    assert script.waits == [1.0, 2.0, 3.0]


def test_retry_after_is_waited_out_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: 0.25)
    script = Script(httpx.Response(429, headers={"Retry-After": "7"}), ok())

    with script.client() as client:
        client.get_asset("a1")

    assert script.waits == [7.25]


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("86400", 60.0), ("soon", 0.0), ("", 0.0)])
def test_retry_after_is_bounded(value: str, seconds: float) -> None:
    assert retry_after_s(httpx.Response(429, headers={"Retry-After": value})) == seconds


def test_retry_after_takes_a_date() -> None:
    future = httpx.Response(429, headers={"Retry-After": "Fri, 31 Dec 2999 23:59:59 GMT"})
    past = httpx.Response(429, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"})

    assert retry_after_s(future) == 60.0
    assert retry_after_s(past) == 0.0


def test_last_fault_is_raised_when_attempts_run_out() -> None:
    script = Script(httpx.Response(503, json={"code": "try_again", "detail": "Busy"}))

    with script.client(attempts=3) as client, pytest.raises(ApiError, match="Busy"):
        client.get_asset("a1")

    assert len(script.requests) == 3


def test_silence_is_named_by_host() -> None:
    script = Script(httpx.ConnectError("Connection refused"))

    with (
        script.client() as client,
        pytest.raises(Unreachable, match=r"api\.test cannot be reached: Connection refused"),
    ):
        client.get_asset("a1")


def test_redirect_to_storage_leaves_the_key_behind() -> None:
    script = Script(
        httpx.Response(302, headers={"Location": "https://bucket.s3.test/thumb?X-Amz-Signature=s"}),
        httpx.Response(200, content=b"jpeg"),
    )

    with script.client() as client:
        content = client.get_rendition("a1", "thumb")

    assert content == b"jpeg"
    assert script.requests[0].headers["Authorization"] == "Bearer dk_a_b"
    assert script.requests[1].url.host == "bucket.s3.test"
    assert "Authorization" not in script.requests[1].headers


def test_ids_cannot_leave_their_place_in_the_path() -> None:
    script = Script(ok())

    with script.client() as client:
        client.get_asset("../keys?x=1")

    assert script.requests[0].url.raw_path == b"/api/v1/assets/..%2Fkeys%3Fx%3D1"
