"""What the catalog table's stream says, as values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.domain.grave import Grave
from shared.stores import rows
from shared.stores.dynamo import unmarshal


def buried_assets(event: dict[str, Any]) -> Iterator[tuple[str, Grave]]:
    """The graves of deleted assets among the records of a stream, each with its sequence number."""
    for record in event.get("Records", []):
        image = record["dynamodb"].get("NewImage", {})
        if "buried" in image and image["buried"]["S"] == rows.BURIED_ASSET:
            yield record["dynamodb"]["SequenceNumber"], rows.grave_of(unmarshal(image))
