"""How long calls to AWS wait for an answer, and how often they are made."""

from __future__ import annotations

from typing import Any

from botocore.config import Config

CONNECT_S = 2


def patience(read_s: int, tries: int, **more: Any) -> Config:
    """Wait so many seconds for an answer, then try again on a new connection.

    A connection that a warm function has kept may be dead, which nobody tells it. botocore would wait for a minute, as
    long as the function lives.
    """
    return Config(
        connect_timeout=CONNECT_S,
        read_timeout=read_s,
        retries={"mode": "standard", "max_attempts": tries},
        **more,
    )
