"""The list of a project's hash segments: a row of the catalog table that names the files in S3."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain import keys
from shared.stores.dynamo import Item, attempt, dynamodb, marshal, unmarshal


@dataclass(frozen=True)
class Segment:
    key: str
    count: int


@dataclass(frozen=True)
class Listed:
    """What the list of segments said when it was read; `retired` are those that the last merge replaced."""

    revision: int
    segments: tuple[Segment, ...]
    retired: tuple[str, ...]

    @property
    def keys(self) -> set[str]:
        return {segment.key for segment in self.segments} | set(self.retired)


NOTHING = Listed(0, (), ())


def listed_of(row: Item) -> Listed:
    segments = tuple(Segment(segment["key"], segment["count"]) for segment in row["segments"])
    return Listed(row["revision"], segments, tuple(row["retired"]))


def read_listed(table: str, pk: str) -> Listed:
    key: Item = {"pk": pk, "sk": keys.SEGMENTS_ROW}
    found = attempt(lambda: dynamodb().get_item(TableName=table, Key=marshal(key), ConsistentRead=True))
    return listed_of(unmarshal(found["Item"])) if "Item" in found else NOTHING
