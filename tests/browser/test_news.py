"""News of a job come by WebSocket; where there is none, the page asks as often as the server says."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Request, Route, WebSocket, WebSocketRoute, expect

from tests.browser.conftest import Console, Gate, new_files
from tests.browser.test_troubles import FASTER, JOB, job, open_with, task

FILES = 24
END = {"status": "completed", "processing": 0, "processed": 8, "remaining": 0, "progress_pct": 100.0, "seq": 2}
LAST = [task(n, status="completed", outcome="created", progress_pct=100.0, seq=2) for n in range(8)]


def polls_of(page: Page) -> list[str]:
    """The addresses of all further requests for a job's progress."""
    asked: list[str] = []

    def note(request: Request) -> None:
        if request.method == "GET" and "/v1/jobs/" in request.url:
            asked.append(request.url)

    page.on("request", note)
    return asked


def test_news_come_by_websocket_and_hardly_by_polling(console: Console, tmp_path: Path, project: str) -> None:
    page = console.open(f"{project}/upload")
    gate = Gate(page)
    polls = polls_of(page)
    sockets: list[WebSocket] = []
    messages: list[str] = []

    def listen(socket: WebSocket) -> None:
        sockets.append(socket)
        socket.on("framereceived", lambda frame: messages.append(str(frame)))

    page.on("websocket", listen)
    page.set_input_files("[data-choose=files]", new_files(tmp_path, FILES))
    expect(page.locator("[data-by=push]")).to_have_text("Live")
    gate.open()
    page.locator("[data-summary]").wait_for()

    events = [json.loads(text) for text in messages]
    assert any(event["type"] == "events" for event in events)
    # One before a socket is open, and one when it has closed, each with a page of tasks more at most.
    assert len(polls) <= 2 + 2 * len(sockets)


def test_page_polls_where_the_socket_is_refused(console: Console, tmp_path: Path, project: str) -> None:
    console.expect("WebSocket")
    page = console.open(f"{project}/upload")
    polls = polls_of(page)
    refuse: Callable[[WebSocketRoute], None] = lambda socket: socket.close()  # noqa: E731
    page.route_web_socket("**", refuse)
    gate = Gate(page)
    page.set_input_files("[data-choose=files]", new_files(tmp_path, FILES))

    expect(page.locator("[data-by=poll]")).to_contain_text("Looks every")
    gate.open()
    page.locator("[data-summary]").wait_for()

    expect(page.locator("[data-summary] h2")).to_have_text(f"Done: {FILES} added")
    assert len(polls) > 1


def test_job_ends_all_the_same_where_every_socket_is_cut(console: Console, tmp_path: Path, project: str) -> None:
    page = console.open(f"{project}/upload")
    gate = Gate(page)
    cut: list[str] = []

    def relay(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def pass_on(message: str | bytes) -> None:
            socket.send(message)
            cut.append(socket.url)
            socket.close()
            gate.open()

        server.on_message(pass_on)

    page.route_web_socket("**", relay)
    page.set_input_files("[data-choose=files]", new_files(tmp_path, FILES))
    page.locator("[data-summary]").wait_for()

    expect(page.locator("[data-summary] h2")).to_have_text(f"Done: {FILES} added")
    expect(page.locator(".tally-number")).to_have_text(f"{FILES} / {FILES}")
    assert cut


def ticket(console: Console) -> dict[str, Any]:
    return {"json": {"url": f"{console.stack.api_url.replace('http', 'ws', 1)}?ticket=one"}}


def test_page_polls_where_the_socket_never_opens(console: Console, project: str) -> None:
    console.context.add_init_script(FASTER)
    console.context.add_init_script("WebSocket = class { close() {} }")
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(json=job(poll_after_ms=2000) if len(asked) < 3 else job(**END, tasks=LAST))

    page = open_with(console, project, answer, ticket(console))

    expect(page.locator("[data-by=poll]")).to_contain_text("Looks every")
    expect(page.locator("[data-summary] h2")).to_have_text("Done: 8 added")


BUSY = {"message": "Internal server error", "connectionId": "a", "requestId": "b"}
AS_BEFORE = {"type": "snapshot", "job_id": JOB, "after": 1, "seq": 1, "has_more": False, "job": job(), "tasks": []}
ENDED = AS_BEFORE | {"seq": 2, "job": job(**END), "tasks": LAST}


@pytest.mark.parametrize("first", [BUSY, AS_BEFORE], ids=["the answer to the subscription", "the job's end"])
def test_news_that_were_lost_are_asked_for_again(console: Console, project: str, first: dict[str, Any]) -> None:
    console.context.add_init_script(FASTER)
    answers, polls = iter([first, ENDED]), iter([job()])
    pong = {"type": "pong", "jobs": [JOB]}

    def answer(socket: WebSocketRoute, text: str | bytes) -> None:
        socket.send(json.dumps(next(answers) if json.loads(text)["action"] == "subscribe" else pong))

    def listen(socket: WebSocketRoute) -> None:
        socket.on_message(lambda text: answer(socket, text))

    console.context.route_web_socket(re.compile("ticket=one"), listen)

    page = open_with(
        console, project, lambda route: route.fulfill(json=next(polls, job(**END, tasks=LAST))), ticket(console)
    )

    expect(page.locator("[data-summary] h2")).to_have_text("Done: 8 added")
    assert next(answers, None) is None
