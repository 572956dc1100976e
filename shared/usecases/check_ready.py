"""Tell whether the API can do its work."""

from __future__ import annotations

from collections.abc import Iterable

from shared.stores.dynamo import ping


def check_ready(tables: Iterable[str]) -> None:
    """One cheap read of each table. Raises Transient when one cannot be read."""
    for table in tables:
        ping(table)
