"""Jobs in the jobs table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from shared.domain.ids import job_created_at
from shared.domain.job import LIFE_AFTER_END, Job, JobStatus, is_expired
from shared.domain.projection import Projection
from shared.domain.task import Task
from shared.errors import Expired, JobCancelled, NotFound
from shared.stores import rows
from shared.stores.dynamo import (
    ConditionFailed,
    TransactionRefused,
    attempt,
    batch_get,
    batch_put,
    dynamodb,
    marshal,
    unmarshal,
)
from shared.stores.dynamo import marshal_value as value

T = TypeVar("T")

PUT_THREADS = 8
PUTS_PER_CALL = 25
READS_PER_CALL = 100


@dataclass(frozen=True)
class JobStore:
    table: str

    def create(self, job: Job, tasks: Sequence[Task]) -> None:
        """Tasks first, the job last: the job's row is the commit, without it nothing was created."""
        task_rows = (rows.task_row(task, job) for task in tasks)
        with ThreadPoolExecutor(PUT_THREADS) as threads:
            for _ in threads.map(lambda batch: batch_put(self.table, batch), _batches(task_rows, PUTS_PER_CALL)):
                pass
        attempt(
            lambda: dynamodb().put_item(
                TableName=self.table, Item=marshal(rows.job_row(job)), ConditionExpression="attribute_not_exists(pk)"
            )
        )

    def read(self, job_id: str, now: datetime) -> Job:
        """One row, consistently. Raises InvalidId, NotFound, or Expired once the job's life is over."""
        created_at = job_created_at(job_id)
        found = attempt(
            lambda: dynamodb().get_item(TableName=self.table, Key=marshal(rows.job_key(job_id)), ConsistentRead=True)
        )
        if "Item" in found and not is_expired(job := rows.job_of(unmarshal(found["Item"])), now):
            return job
        if "Item" in found or created_at + LIFE_AFTER_END < now:
            raise Expired
        raise NotFound("There is no such job.")

    def read_own(self, job_id: str, tenant: str, now: datetime) -> Job:
        """As `read`; another tenant's job is not found."""
        job = self.read(job_id, now)
        if job.tenant != tenant:
            raise NotFound("There is no such job.")
        return job

    def is_wanted(self, job_id: str, now: datetime) -> bool:
        """Whether work on the job's tasks may begin: it exists, has not expired and was not cancelled."""
        found = attempt(
            lambda: dynamodb().get_item(TableName=self.table, Key=marshal(rows.job_key(job_id)), ConsistentRead=True)
        )
        if "Item" not in found:
            return False
        job = rows.job_of(unmarshal(found["Item"]))
        return job.status is not JobStatus.CANCELLED and not is_expired(job, now)

    def read_with_tasks(self, job_id: str, task_ids: Iterable[str]) -> tuple[Job | None, list[Task]]:
        """A job and some of its tasks, consistently; what does not exist is left out."""
        keys = [rows.job_key(job_id), *(rows.task_key(job_id, task_id) for task_id in task_ids)]
        found = [row for chunk in _batches(keys, READS_PER_CALL) for row in batch_get({self.table: chunk})[self.table]]
        job = next((rows.job_of(row) for row in found if "kind" in row), None)
        return job, [rows.task_of(row) for row in found if "kind" not in row]

    def extend_grants(self, job_id: str, until: datetime) -> None:
        """Note how long the session's youngest grant works. Raises Expired or JobCancelled."""
        try:
            attempt(
                lambda: dynamodb().update_item(
                    TableName=self.table,
                    Key=marshal(rows.job_key(job_id)),
                    UpdateExpression="SET granted_until = :until",
                    ConditionExpression="attribute_exists(pk) AND #status <> :cancelled",
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues=marshal(
                        {":until": rows.to_text(until), ":cancelled": JobStatus.CANCELLED}
                    ),
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            )
        except ConditionFailed as refused:
            raise (JobCancelled if refused.item else Expired) from refused

    def apply(self, projection: Projection, read: Job) -> bool:
        """Write a projection whole; False when the job or a task has moved since it was read."""
        try:
            attempt(lambda: dynamodb().transact_write_items(TransactItems=self._changes(projection, read)))
        except TransactionRefused:
            return False
        return True

    def _changes(self, projection: Projection, read: Job) -> Any:
        job = projection.job
        progress = {name: item for name, item in rows.job_progress(job).items() if item is not None}
        job_change = {
            "TableName": self.table,
            "Key": marshal(rows.job_key(job.job_id)),
            "UpdateExpression": "SET "
            + ", ".join(f"#{name} = :{name}" for name in progress)
            + (" REMOVE #open" if job.is_ended else ""),
            "ConditionExpression": "attribute_exists(pk) AND #seq = :read_seq",
            "ExpressionAttributeNames": {f"#{name}": name for name in progress}
            | ({"#open": "open"} if job.is_ended else {}),
            "ExpressionAttributeValues": {f":{name}": value(item) for name, item in progress.items()}
            | {":read_seq": value(read.seq)},
        }
        task_changes = [
            {
                "TableName": self.table,
                "Key": marshal(rows.task_key(task.job_id, task.task_id)),
                "UpdateExpression": "SET mark = :mark, event_seq = :seq, #by = :projector",
                "ConditionExpression": "mark = :counted",
                "ExpressionAttributeNames": {"#by": "by"},
                "ExpressionAttributeValues": {
                    ":mark": value(rows.mark_map(mark)),
                    ":counted": value(rows.mark_map(task.mark)),
                    ":seq": value(job.seq),
                    ":projector": value("projector"),
                },
            }
            for task, mark in projection.counted
        ]
        return [{"Update": change} for change in (job_change, *task_changes)]


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
