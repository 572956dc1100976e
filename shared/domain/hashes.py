"""The perceptual hashes of a project as packed arrays, and the exact search for those near one of them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.domain.asset import Nearest
from shared.domain.likeness import rank
from shared.domain.member import Member
from shared.domain.scoring import UNIQUE_DISTANCE

HASH_VERSION = 1
"""Raise it when the same pixels may get another hash: hashes of two versions are never compared.

A `nearest` does not say by which version it was found, so one of an older version would stay until something nearer
comes. Whoever raises this stores it there first, and has `with_nearer` pass over those of another version.
"""

RECORD = np.dtype([("hash", "<u8"), ("at", "<i8"), ("asset", "u1", (20,)), ("is_removed", "?")])
"""37 bytes: the hash, the asset's creation in microseconds since 1970, the 160 bits of its id."""

IMAGE_BYTES = 28

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PREFIX = "asset_"

Records = NDArray[Any]


@dataclass(frozen=True)
class Neighbours:
    """Images whose hash is less than UNIQUE_DISTANCE bits away: the earlier, nearest first, and the later."""

    earlier: list[Nearest]
    later: list[Nearest]
    """Each with its distance; `asset_id` and `created_at` are the later image's own."""


def pack(members: Iterable[Member]) -> Records:
    found = list(members)
    records = np.zeros(len(found), RECORD)
    records["hash"] = [member.hash for member in found]
    records["at"] = [(member.created_at - EPOCH) // MICROSECOND for member in found]
    if found:
        records["asset"] = [list(_id_bytes(member.asset_id)) for member in found]
    records["is_removed"] = [member.is_removed for member in found]
    return records


@dataclass(frozen=True)
class Part:
    """Some of a project's records, laid out for the search: `hashes` is their column, contiguous."""

    records: Records
    hashes: NDArray[np.uint64]
    removed: frozenset[bytes]


def part_of(records: Records) -> Part:
    hashes = np.ascontiguousarray(records["hash"])
    return Part(records, hashes, frozenset(_images(records[records["is_removed"]])))


def unpack(body: bytes) -> Part:
    """The records of a segment."""
    return part_of(np.frombuffer(body, RECORD))


def merge(parts: Sequence[Part], is_whole: bool) -> Records:
    """The records of several parts, each image once; removed ones are gone.

    What takes out a record that is in none of these parts is kept, unless these parts are all there is.
    """
    records = np.concatenate([part.records for part in parts])
    records = records[np.argsort(~records["is_removed"], kind="stable")]  # of an image's records, a removal wins
    _, first = np.unique(_image_column(records), return_index=True)
    kept = records[first]
    return kept[~kept["is_removed"]] if is_whole else kept


def neighbours(member: Member, parts: Sequence[Part]) -> Neighbours:
    """Search every record: exact, at the speed of memory (an XOR and a count of bits for each)."""
    removed = frozenset[bytes]().union(*(part.removed for part in parts))
    found = {
        image: record
        for part in parts
        for image, record in _near(part, member.hash)
        if image not in removed and not record["is_removed"]
    }
    own = (member.created_at, member.asset_id)
    sides: tuple[list[Nearest], list[Nearest]] = ([], [])
    for record in found.values():
        distance = (int(record["hash"]) ^ member.hash).bit_count()
        near = Nearest(_id_of(record["asset"].tobytes()), EPOCH + int(record["at"]) * MICROSECOND, distance)
        if near.asset_id != member.asset_id:  # nor what it was before it was deleted and uploaded again
            sides[(near.created_at, near.asset_id) > own].append(near)
    return Neighbours(sorted(sides[0], key=rank), sides[1])


def find_member(asset_id: str, created_at: datetime, parts: Sequence[Part]) -> Member | None:
    """An image's own record; None when it was removed or never kept."""
    at, own = (created_at - EPOCH) // MICROSECOND, _id_bytes(asset_id)
    found = [part.records[part.records["at"] == at] for part in parts]
    mine = [record for records in found for record in records if record["asset"].tobytes() == own]
    if not mine or any(record["is_removed"] for record in mine):
        return None
    return Member(asset_id, created_at, int(mine[0]["hash"]))


def _near(part: Part, own: int) -> Iterator[tuple[bytes, np.void]]:
    near = np.flatnonzero(np.bitwise_count(part.hashes ^ np.uint64(own)) < UNIQUE_DISTANCE)
    records = part.records[near]
    return zip(_images(records), records, strict=True)


def _images(records: Records) -> list[bytes]:
    """What tells the images of some records apart: an id can come again, with another time, after a delete."""
    return [record["at"].tobytes() + record["asset"].tobytes() for record in records]


def _image_column(records: Records) -> NDArray[np.bytes_]:
    columns = np.empty((len(records), IMAGE_BYTES), np.uint8)
    columns[:, :8] = np.ascontiguousarray(records["at"]).view(np.uint8).reshape(-1, 8)
    columns[:, 8:] = records["asset"]
    return columns.view(f"S{IMAGE_BYTES}")[:, 0]


def _id_bytes(asset_id: str) -> bytes:
    return base64.b32decode(asset_id.removeprefix(PREFIX).upper())


def _id_of(digest: bytes) -> str:
    return PREFIX + base64.b32encode(digest).decode().lower()
