"""The hashes of a project: a short tail of rows, compacted into immutable segments in S3 that workers may keep.

One Query reads the tail and then, by the order of their sort keys, the list of segments; the compactor publishes a
segment before it deletes the rows that went into it. So each hash is found at least once at any moment.
"""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain import keys
from shared.domain.hashes import HASH_VERSION, Part, Records, merge, pack, part_of, unpack
from shared.domain.member import Member
from shared.errors import Transient
from shared.observability import logger
from shared.stores import rows
from shared.stores.dynamo import ConditionFailed, Item, attempt, batch_delete, dynamodb, marshal, unmarshal, waits
from shared.stores.images import GONE, s3
from shared.stores.segments import NOTHING, Listed, Segment, listed_of, read_listed

TAIL = 256
"""Rows before they are compacted. Every search reads those that there are: `benchmarks.duplicates` counts the bytes."""

KEPT_BYTES = 256 * 1024 * 1024
"""Segments that one worker keeps: seven million hashes."""

TRIES = 5
"""A segment that is gone was merged into another, which the list names when it is read again."""

LOCK_LIFE = timedelta(minutes=2)
DELETES_PER_CALL = 25


class SegmentGone(Exception):
    """A segment that the list named is not there."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class HashStore:
    table: str
    bucket: str
    tail: int = TAIL
    _kept: OrderedDict[str, Part] = field(default_factory=OrderedDict)
    """Segments by name. A name is given once, for one content, so what is kept is never stale."""

    def add(self, tenant: str, project: str, member: Member) -> None:
        """Keep the hash of an image."""
        row = rows.hash_row(self._pk(tenant, project), member)
        attempt(lambda: dynamodb().put_item(TableName=self.table, Item=marshal(row)))

    def remove(self, tenant: str, project: str, member: Member) -> None:
        """Take an image out of every later search, whatever its `hash` says here."""
        row = rows.hash_row(self._pk(tenant, project), replace(member, is_removed=True))
        attempt(lambda: dynamodb().put_item(TableName=self.table, Item=marshal(row)))

    def read(self, tenant: str, project: str, now: datetime) -> list[Part]:
        """All hashes of a project. Compacts the tail when it has grown long. Raises Transient, also for lost ones."""
        pk = self._pk(tenant, project)
        lost = ""
        for wait_s in islice(waits(), TRIES):
            tail, listed = self._rows(pk)
            try:
                parts = [part_of(pack(tail)), *(self._segment(segment.key) for segment in listed.segments)]
            except SegmentGone as gone:
                lost = gone.key
                time.sleep(wait_s)
                continue
            if len(tail) >= self.tail and self._is_locked(pk, now):
                self._compact(tenant, project, tail, listed, parts)
                self._unlock(pk)
            return parts
        logger.error("hash segment lost", key=lost, list=pk)
        raise Transient("The hashes cannot be read now.")

    def _compact(self, tenant: str, project: str, tail: list[Member], listed: Listed, parts: list[Part]) -> None:
        """Make a segment of the tail, and of the last segments while they are less than twice as long.

        `parts` are what was read of all: the tail's, then one for each segment.
        """
        pk, kept, count = self._pk(tenant, project), list(listed.segments), len(tail)
        while kept and kept[-1].count < 2 * count:
            count += kept.pop().count
        merged = merge([parts[0], *parts[1 + len(kept) :]], is_whole=not kept)
        segment = self._put(tenant, project, listed.revision + 1, merged)
        self._delete(listed.retired)  # before the list forgets them
        replaced = tuple(old.key for old in listed.segments[len(kept) :])
        if not self._publish(pk, Listed(listed.revision + 1, (*kept, segment), replaced)):
            if all(segment.key != other.key for other in read_listed(self.table, pk).segments):
                self._delete((segment.key,))  # no later list can name it
            return
        for first in range(0, len(tail), DELETES_PER_CALL):
            batch_delete(self.table, [rows.hash_key(pk, member) for member in tail[first : first + DELETES_PER_CALL]])

    def _publish(self, pk: str, listed: Listed) -> bool:
        row = {
            "pk": pk,
            "sk": keys.SEGMENTS_ROW,
            "revision": listed.revision,
            "segments": [{"key": segment.key, "count": segment.count} for segment in listed.segments],
            "retired": list(listed.retired),
        }
        try:
            attempt(
                lambda: dynamodb().put_item(
                    TableName=self.table,
                    Item=marshal(row),
                    ConditionExpression="attribute_not_exists(pk) OR revision = :read",
                    ExpressionAttributeValues=marshal({":read": listed.revision - 1}),
                )
            )
        except ConditionFailed:
            return False
        return True

    def _is_locked(self, pk: str, now: datetime) -> bool:
        """Whether the compaction is ours to do; the lock only spares the others the work."""
        row = {"pk": pk, "sk": keys.COMPACTION_ROW, "until": rows.to_epoch(now + LOCK_LIFE)}
        try:
            attempt(
                lambda: dynamodb().put_item(
                    TableName=self.table,
                    Item=marshal(row),
                    ConditionExpression="attribute_not_exists(pk) OR #until < :now",
                    ExpressionAttributeNames={"#until": "until"},
                    ExpressionAttributeValues=marshal({":now": rows.to_epoch(now)}),
                )
            )
        except ConditionFailed:
            return False
        return True

    def _unlock(self, pk: str) -> None:
        batch_delete(self.table, [{"pk": pk, "sk": keys.COMPACTION_ROW}])

    def _rows(self, pk: str) -> tuple[list[Member], Listed]:
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": marshal({":pk": pk, ":first": keys.HASH_PREFIX, ":last": keys.SEGMENTS_ROW}),
            "ConsistentRead": True,
        }
        found: list[Item] = []
        while True:
            answer = attempt(partial(dynamodb().query, **query))
            found += map(unmarshal, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                break
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        listed = listed_of(found.pop()) if found and found[-1]["sk"] == keys.SEGMENTS_ROW else NOTHING
        return [rows.member_of(row) for row in found], listed

    def _segment(self, key: str) -> Part:
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        try:
            part = unpack(s3().get_object(Bucket=self.bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                raise SegmentGone(key) from error
            raise Transient("The hashes cannot be read now.") from error
        except BotoCoreError as error:
            raise Transient("The hashes cannot be read now.") from error
        self._kept[key] = part
        while sum(kept.records.nbytes for kept in self._kept.values()) > KEPT_BYTES and len(self._kept) > 1:
            self._kept.popitem(last=False)
        return part

    def _put(self, tenant: str, project: str, revision: int, records: Records) -> Segment:
        body = records.tobytes()
        digest = hashlib.sha256(body).hexdigest()[:16]
        key = keys.segment_key(tenant, project, HASH_VERSION, f"{revision:08d}-{digest}")
        try:
            s3().put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/octet-stream")
        except (ClientError, BotoCoreError) as error:
            raise Transient("The hashes cannot be stored now.") from error
        return Segment(key, len(records))

    def _delete(self, names: tuple[str, ...]) -> None:
        if not names:
            return
        try:
            s3().delete_objects(Bucket=self.bucket, Delete={"Objects": [{"Key": name} for name in names]})
        except (ClientError, BotoCoreError) as error:
            raise Transient("Replaced hashes cannot be deleted now.") from error

    def _pk(self, tenant: str, project: str) -> str:
        return keys.hashes_pk(tenant, project, HASH_VERSION)
