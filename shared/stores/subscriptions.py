"""Who is connected and subscribed to what, in the jobs table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain import keys
from shared.domain.job import JobStatus
from shared.domain.push import Told
from shared.stores import rows
from shared.stores.dynamo import ConditionFailed, Item, attempt, batch_delete, dynamodb, marshal, unmarshal

DELETES_PER_CALL = 25


@dataclass(frozen=True)
class Visitor:
    """Whose a ticket or a connection is, and until when it counts."""

    tenant: str
    key_id: str
    expires_at: datetime


@dataclass(frozen=True)
class Connection:
    connection_id: str
    visitor: Visitor
    jobs: tuple[str, ...]
    """The ids of the jobs that it is subscribed to."""


@dataclass(frozen=True)
class Subscription:
    connection_id: str
    job_id: str
    told: Told


@dataclass(frozen=True)
class SubscriptionStore:
    table: str

    # ── Tickets ───────────────────────────────────────────────────────────────────────────────────────────────

    def save_ticket(self, digest: str, visitor: Visitor) -> None:
        self._put({"pk": keys.ticket_pk(digest), "sk": keys.TICKET_ROW, **_visitor_fields(visitor)})

    def take_ticket(self, digest: str, now: datetime) -> Visitor | None:
        """Whose the ticket is, once: by one conditional delete. None when it was taken, has expired or never was."""
        change: dict[str, Any] = {
            "TableName": self.table,
            "Key": marshal({"pk": keys.ticket_pk(digest), "sk": keys.TICKET_ROW}),
            "ConditionExpression": "expires_at > :now",
            "ExpressionAttributeValues": marshal({":now": rows.to_epoch(now)}),
            "ReturnValues": "ALL_OLD",
        }
        try:
            taken = attempt(lambda: dynamodb().delete_item(**change))
        except ConditionFailed:
            return None
        # None there: the delete was made twice, because its answer was lost.
        return _visitor_of(unmarshal(taken["Attributes"])) if "Attributes" in taken else None

    # ── Connections ───────────────────────────────────────────────────────────────────────────────────────────

    def connect(self, connection_id: str, visitor: Visitor) -> None:
        self._put({"pk": keys.connection_pk(connection_id), "sk": keys.CONNECTION_ROW, **_visitor_fields(visitor)})

    def find_connection(self, connection_id: str, now: datetime) -> Connection | None:
        """A connection with its jobs, by one query; None once its time is over."""
        found = [row for row in self._rows(keys.connection_pk(connection_id)) if not _is_expired(row, now)]
        own = next((row for row in found if row["sk"] == keys.CONNECTION_ROW), None)
        jobs = tuple(keys.job_of_pk(row["sk"]) for row in found if row["sk"] != keys.CONNECTION_ROW)
        return Connection(connection_id, _visitor_of(own), jobs) if own else None

    def disconnect(self, connection_id: str) -> None:
        """Forget the connection and all of its subscriptions."""
        own = self._rows(keys.connection_pk(connection_id))
        jobs = [keys.job_of_pk(row["sk"]) for row in own if row["sk"] != keys.CONNECTION_ROW]
        self._delete([*own, *(_subscription_key(job_id, connection_id) for job_id in jobs)])

    # ── Subscriptions ─────────────────────────────────────────────────────────────────────────────────────────

    def subscribe(self, connection: Connection, job_id: str, told: Told) -> None:
        """Note that the connection follows the job, and from where on. Its own row first: `disconnect` goes by that."""
        expires_at = rows.to_epoch(connection.visitor.expires_at)
        self._put({**_followed_key(connection.connection_id, job_id), "expires_at": expires_at})
        self._put(
            {
                **_subscription_key(job_id, connection.connection_id),
                "sent_seq": told.seq,
                "sent_epoch": told.epoch,
                "sent_status": told.status,
                "expires_at": expires_at,
            }
        )

    def unsubscribe(self, connection_id: str, job_id: str) -> None:
        self._delete([_subscription_key(job_id, connection_id), _followed_key(connection_id, job_id)])

    def of_job(self, job_id: str, now: datetime) -> list[Subscription]:
        """Who follows a job, read consistently: whoever subscribed before a change is told of it.

        Subscriptions that have expired are removed.
        """
        found = self._rows(keys.subscribers_pk(job_id))
        self._delete([row for row in found if _is_expired(row, now)])
        return [
            Subscription(row["sk"], job_id, Told(row["sent_seq"], row["sent_epoch"], JobStatus(row["sent_status"])))
            for row in found
            if not _is_expired(row, now)
        ]

    def note_sent(self, subscription: Subscription, told: Told) -> None:
        """Note how far the subscriber was told; without effect when it was told more, or is gone."""
        change: dict[str, Any] = {
            "TableName": self.table,
            "Key": marshal(_subscription_key(subscription.job_id, subscription.connection_id)),
            "UpdateExpression": "SET sent_seq = :seq, sent_epoch = :epoch, sent_status = :status",
            "ConditionExpression": "sent_seq < :seq",
            "ExpressionAttributeValues": marshal({":seq": told.seq, ":epoch": told.epoch, ":status": told.status}),
        }
        try:
            attempt(lambda: dynamodb().update_item(**change))
        except ConditionFailed:
            return

    def _put(self, row: Item) -> None:
        attempt(lambda: dynamodb().put_item(TableName=self.table, Item=marshal(row)))

    def _rows(self, pk: str) -> list[Item]:
        pages = (
            dynamodb()
            .get_paginator("query")
            .paginate(
                TableName=self.table,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=marshal({":pk": pk}),
                ConsistentRead=True,
            )
        )
        return attempt(lambda: [unmarshal(row) for page in pages for row in page["Items"]])

    def _delete(self, found: Sequence[Item]) -> None:
        named = [{"pk": row["pk"], "sk": row["sk"]} for row in found]
        for start in range(0, len(named), DELETES_PER_CALL):
            batch_delete(self.table, named[start : start + DELETES_PER_CALL])


def _followed_key(connection_id: str, job_id: str) -> Item:
    return {"pk": keys.connection_pk(connection_id), "sk": keys.job_pk(job_id)}


def _subscription_key(job_id: str, connection_id: str) -> Item:
    return {"pk": keys.subscribers_pk(job_id), "sk": connection_id}


def _visitor_fields(visitor: Visitor) -> Item:
    return {"tenant": visitor.tenant, "key_id": visitor.key_id, "expires_at": rows.to_epoch(visitor.expires_at)}


def _visitor_of(row: Item) -> Visitor:
    return Visitor(row["tenant"], row["key_id"], rows.from_epoch(row["expires_at"]))


def _is_expired(row: Item, now: datetime) -> bool:
    return bool(row["expires_at"] <= rows.to_epoch(now))
