"""What the commands share: where they print, how they connect, and with what status they exit."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from darkroom.api import Client
from darkroom.config import find_connection, read_environment
from darkroom.errors import DarkroomError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
PIPE_WIDTH = 240

# In a pipe nothing is folded to the width of a terminal that is not there.
out = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Flags:
    """The options before the command."""

    url: str | None
    key: str | None = field(repr=False)
    profile: str | None

    def connect(self) -> Client:
        environment = read_environment()
        found = find_connection(url=self.url, key=self.key, profile=self.profile, environment=environment)
        return Client(found.url, found.key)


class Interrupted(DarkroomError):
    """Ctrl-C, with a word on how to go on."""


def is_interactive() -> bool:
    """Whether there is someone to ask."""
    return sys.stdin.isatty() and err.is_terminal


def say(line: str, *, style: str | None = None) -> None:
    """A line on stdout as it is: no markup, no folding."""
    out.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def note(line: str, *, style: str | None = None) -> None:
    """A line on stderr as it is."""
    err.print(line, style=style, markup=False, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """JSON on stdout."""
    print(json.dumps(value, indent=2))
