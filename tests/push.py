"""A client's side of live push, by the rules of docs/push.md: the code there is what runs here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.cloud import ROOT

Message = dict[str, Any]


def _documented_fold() -> Callable[[Message, Message], bool]:
    block = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "push.md").read_text(), re.DOTALL)
    assert block
    found: dict[str, Any] = {}
    exec(block[1], found)
    return found["fold"]


fold = _documented_fold()


def new_state() -> Message:
    return {"since": 0, "job": {}, "tasks": {}}


def comparable(task: Message) -> Message:
    """A task without its URL, which is signed anew each time."""
    return {name: value for name, value in task.items() if name != "thumbnail_url"} | {
        "has_thumbnail": bool(task["thumbnail_url"])
    }


def events_of(messages: list[Message]) -> list[Message]:
    return [entry for message in messages for entry in message.get("events", [])]
