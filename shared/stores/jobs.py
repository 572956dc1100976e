"""Jobs in the jobs table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from shared.domain import keys
from shared.domain.dispatch import Dispatch
from shared.domain.ids import job_created_at
from shared.domain.job import LIFE_AFTER_END, LIFE_WHILE_OPEN, ONE_AT_A_TIME, Job, JobKind, JobStatus
from shared.domain.projection import Projection
from shared.domain.task import Mark, Task, TaskStatus, happened
from shared.errors import Expired, JobCancelled, NotFound
from shared.stores import rows
from shared.stores.dynamo import (
    ConditionFailed,
    Item,
    TransactionRefused,
    attempt,
    batch_delete,
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
JOB_PAGE = 50

COUNT = ("SET mark = :mark, event_seq = :seq, event_seqs = :events, #by = :projector", "mark = :counted")
REOPEN = (
    COUNT[0]
    + ", stages = :stages, epoch = :next, attempts = :none, changed_at = :now"
    + " REMOVE #error, outcome, failed_sk, completed_at, redrives",
    "mark = :counted AND epoch = :epoch",
)
REOPEN_UNBEGUN = (REOPEN[0] + ", started_at", REOPEN[1])
"""A task is in flight once it has a `started_at`; one with some stage completed still is."""


@dataclass(frozen=True)
class Latest:
    """What a project's row says of its latest job of a kind."""

    job_id: str
    epoch: int


@dataclass(frozen=True)
class JobPage:
    """Some jobs of a project; `expired` are the ids of those whose rows DynamoDB has yet to delete."""

    jobs: list[Job]
    expired: list[str]
    next_cursor: str | None


@dataclass(frozen=True)
class JobStore:
    table: str

    # ── Creating ──────────────────────────────────────────────────────────────────────────────────────────────

    def create(self, job: Job, tasks: Sequence[Task]) -> None:
        """Tasks first, the job last: the job's row is the commit, without it nothing was created."""
        task_rows = (rows.task_row(task, job) for task in tasks)
        with ThreadPoolExecutor(PUT_THREADS) as threads:
            for _ in threads.map(lambda batch: batch_put(self.table, batch), _batches(task_rows, PUTS_PER_CALL)):
                pass
        try:
            attempt(partial(dynamodb().put_item, **self._put_job(job)))
        except ConditionFailed:
            return  # ids are never given twice: it is our own put, whose answer was lost

    def start(self, job: Job, dispatch: Dispatch, latest: Latest | None) -> bool:
        """Create a job that walks a manifest, as its project's latest of its kind; False when another start won.

        `latest` is what was read before: the job that it names has ended, and nobody may have replaced it since.
        """
        put_dispatch = {
            "TableName": self.table,
            "Item": marshal(rows.dispatch_row(dispatch, job)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        return _transact(
            [
                {"Update": self._latest_change(job, latest)},
                {"Put": put_dispatch},
                {"Put": self._put_job(job)},
            ]
        )

    def _put_job(self, job: Job) -> Any:
        return {
            "TableName": self.table,
            "Item": marshal(rows.job_row(job)),
            "ConditionExpression": "attribute_not_exists(pk)",
        }

    def _latest_change(self, job: Job, latest: Latest | None) -> Any:
        """Name the job in its project's row, if the row still says what was read: compare and set, no lock to leak."""
        known = "attribute_not_exists(pk)"
        values: Item = {
            ":job": job.job_id,
            ":epoch": job.epoch,
            ":expires": rows.to_epoch(job.expires_at + LIFE_WHILE_OPEN),
        }
        if latest:
            known = "job_id = :known AND epoch = :known_epoch"
            values |= {":known": latest.job_id, ":known_epoch": latest.epoch}
        return {
            "TableName": self.table,
            "Key": marshal(rows.latest_key(job.tenant, job.project, job.kind)),
            "UpdateExpression": "SET job_id = :job, epoch = :epoch, expires_at = :expires",
            "ConditionExpression": known,
            "ExpressionAttributeValues": marshal(values),
        }

    # ── Reading ───────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, job_id: str, now: datetime) -> Job:
        """One row, consistently. Raises InvalidId, NotFound, or Expired once the job's life is over."""
        created_at = job_created_at(job_id)
        row = self._get(rows.job_key(job_id))
        if row and not (job := rows.job_of(row)).is_expired(now):
            return job
        if row or created_at + LIFE_AFTER_END < now:
            raise Expired
        raise NotFound("There is no such job.")

    def read_own(self, job_id: str, tenant: str, now: datetime) -> Job:
        """As `read`; another tenant's job is not found."""
        job = self.read(job_id, now)
        if job.tenant != tenant:
            raise NotFound("There is no such job.")
        return job

    def find(self, job_id: str, now: datetime) -> Job | None:
        """The job, or None when it does not exist or has expired."""
        row = self._get(rows.job_key(job_id))
        job = rows.job_of(row) if row else None
        return None if job is None or job.is_expired(now) else job

    def latest(self, tenant: str, project: str, kind: JobKind) -> Latest | None:
        """Which job is a project's latest of a kind."""
        row = self._get(rows.latest_key(tenant, project, kind))
        return Latest(row["job_id"], row["epoch"]) if row else None

    def _get(self, key: Item) -> Item | None:
        found = attempt(lambda: dynamodb().get_item(TableName=self.table, Key=marshal(key), ConsistentRead=True))
        return unmarshal(found["Item"]) if "Item" in found else None

    def read_with_tasks(self, job_id: str, task_ids: Iterable[str]) -> tuple[Job | None, list[Task]]:
        """A job and some of its tasks, consistently; what does not exist is left out."""
        wanted = [rows.job_key(job_id), *(rows.task_key(job_id, task_id) for task_id in task_ids)]
        found = [
            row for chunk in _batches(wanted, READS_PER_CALL) for row in batch_get({self.table: chunk})[self.table]
        ]
        job = next((rows.job_of(row) for row in found if "kind" in row), None)
        return job, [rows.task_of(row) for row in found if "kind" not in row]

    def of_project(self, tenant: str, project: str, cursor: str | None, now: datetime) -> JobPage:
        """A project's jobs, newest first, up to JOB_PAGE. Raises InvalidId for a cursor that is none."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": "jobs_of_project",
            "KeyConditionExpression": "project_key = :project",
            "ExpressionAttributeValues": marshal({":project": keys.project_key(tenant, project)}),
            "ScanIndexForward": False,
            "Limit": JOB_PAGE,
        }
        if cursor:
            job_created_at(cursor)
            after = {"project_key": keys.project_key(tenant, project), "job_id": cursor}
            query["ExclusiveStartKey"] = marshal(rows.job_key(cursor) | after)
        answer = attempt(lambda: dynamodb().query(**query))
        jobs = [rows.job_of(unmarshal(row)) for row in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        return JobPage(
            jobs=[job for job in jobs if not job.is_expired(now)],
            expired=[job.job_id for job in jobs if job.is_expired(now)],
            next_cursor=unmarshal(last)["job_id"] if last else None,
        )

    def standing_still(self, since: datetime, limit: int) -> list[str]:
        """Ids of open jobs whose counters have not moved since then, the longest first."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "IndexName": "open_jobs",
            "KeyConditionExpression": "#open = :open AND updated_at < :since",
            "ExpressionAttributeNames": {"#open": "open"},
            "ExpressionAttributeValues": marshal({":open": keys.OPEN, ":since": rows.to_text(since)}),
            "Limit": limit,
        }
        answer = attempt(lambda: dynamodb().query(**query))
        return [keys.job_of_pk(unmarshal(row)["pk"]) for row in answer["Items"]]

    # ── Changing ──────────────────────────────────────────────────────────────────────────────────────────────

    def extend_grants(self, job_id: str, until: datetime) -> None:
        """Note how long the session's youngest grant works. Raises Expired or JobCancelled."""
        change: dict[str, Any] = {
            "TableName": self.table,
            "Key": marshal(rows.job_key(job_id)),
            "UpdateExpression": "SET granted_until = :until",
            "ConditionExpression": "attribute_exists(pk) AND #status <> :cancelled",
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": marshal({":until": rows.to_text(until), ":cancelled": JobStatus.CANCELLED}),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        try:
            attempt(lambda: dynamodb().update_item(**change))
        except ConditionFailed as refused:
            raise (JobCancelled if refused.item else Expired) from refused

    def note_announced(self, job_id: str, epoch: int) -> None:
        """Note that the completion of this epoch was announced, unless a later one was."""
        change: dict[str, Any] = {
            "TableName": self.table,
            "Key": marshal(rows.job_key(job_id)),
            "UpdateExpression": "SET announced_epoch = :epoch",
            "ConditionExpression": "attribute_exists(pk)"
            " AND (attribute_not_exists(announced_epoch) OR announced_epoch < :epoch)",
            "ExpressionAttributeValues": marshal({":epoch": epoch}),
        }
        with suppress(ConditionFailed):
            attempt(lambda: dynamodb().update_item(**change))

    def note_reconciled(self, job_id: str, cursor: str | None) -> None:
        """Note where among the job's tasks the next round begins."""
        change: dict[str, Any] = {
            "TableName": self.table,
            "Key": marshal(rows.job_key(job_id)),
            "UpdateExpression": "SET reconciled_to = :cursor" if cursor else "REMOVE reconciled_to",
            "ConditionExpression": "attribute_exists(pk)",
            **({"ExpressionAttributeValues": marshal({":cursor": cursor})} if cursor else {}),
        }
        with suppress(ConditionFailed):
            attempt(lambda: dynamodb().update_item(**change))

    def save(self, job: Job, read: Job) -> bool:
        """Write what has become of a job without any task moving; False when it has moved since it was read."""
        return self.apply(Projection(job, ()), read)

    def save_frozen(self, job: Job, read: Job, done: Dispatch, dispatch: Dispatch) -> bool:
        """Fix a job's total together with the last step of its freezing; False when either has moved."""
        return _transact(
            [{"Update": self._job_change(job, read)}, {"Put": self.dispatch_put(done, dispatch.step, job)}]
        )

    def apply(self, projection: Projection, read: Job) -> bool:
        """Write a projection whole; False when the job or a task has moved since it was read."""
        job = projection.job
        counted = [self._task_change(task, mark, job, COUNT, {}) for task, mark in projection.counted]
        return _transact([{"Update": change} for change in (self._job_change(job, read), *counted)])

    def apply_reopening(self, projection: Projection, read: Job, latest: Latest | None) -> bool:
        """Write a reopening whole: each task under its next epoch, as if it had never been begun; False as in `apply`.

        A job that runs again becomes its project's latest once more, where its kind has only one at a time.
        """
        job = projection.job
        changes = [self._job_change(job, read)]
        for task, mark in projection.counted:
            fresh = {
                ":stages": dict(mark.stages),
                ":next": task.epoch + 1,
                ":epoch": task.epoch,
                ":none": {},
                ":now": rows.to_text(job.updated_at),
            }
            how = REOPEN_UNBEGUN if mark.status is TaskStatus.PENDING else REOPEN
            changes.append(self._task_change(task, mark, job, how, fresh))
        if job.kind in ONE_AT_A_TIME and read.is_ended:
            changes.append(self._latest_change(job, latest))
        return _transact([{"Update": change} for change in changes])

    def _job_change(self, job: Job, read: Job) -> Any:
        progress = rows.job_progress(job)
        present = {name: item for name, item in progress.items() if item is not None}
        gone = [name for name in progress if name not in present]
        remove = " REMOVE " + ", ".join(f"#{name}" for name in gone) if gone else ""
        return {
            "TableName": self.table,
            "Key": marshal(rows.job_key(job.job_id)),
            "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in present) + remove,
            "ConditionExpression": "attribute_exists(pk) AND #seq = :read_seq",
            "ExpressionAttributeNames": {f"#{name}": name for name in progress},
            "ExpressionAttributeValues": marshal({f":{name}": item for name, item in present.items()})
            | {":read_seq": value(read.seq)},
        }

    def _task_change(self, task: Task, mark: Mark, job: Job, how: tuple[str, str], more: Item) -> Any:
        change, condition = how
        values = {
            ":mark": rows.mark_map(mark),
            ":counted": rows.mark_map(task.mark),
            ":seq": job.seq,
            ":events": {**task.event_seqs, **dict.fromkeys(happened(task.mark, mark), job.seq)},
            ":projector": "projector",
        }
        return {
            "TableName": self.table,
            "Key": marshal(rows.task_key(task.job_id, task.task_id)),
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#by": "by"} | ({"#error": "error"} if "#error" in change else {}),
            "ExpressionAttributeValues": marshal(values | more),
        }

    def delete(self, job_id: str) -> int:
        """Delete a job with its tasks, the job last; how many tasks there were."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": marshal({":pk": keys.job_pk(job_id)}),
            "ProjectionExpression": "pk, sk",
        }
        tasks: int = 0
        while True:
            answer = attempt(partial(dynamodb().query, **query))
            found = [key for row in answer["Items"] if (key := unmarshal(row))["sk"] != keys.JOB_ROW]
            for batch in _batches(found, PUTS_PER_CALL):
                batch_delete(self.table, batch)
            tasks += len([key for key in found if key["sk"] != keys.DISPATCH_ROW])
            if "LastEvaluatedKey" not in answer:
                break
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
        batch_delete(self.table, [rows.job_key(job_id)])
        return tasks

    # ── Walking a manifest ────────────────────────────────────────────────────────────────────────────────────

    def read_dispatch(self, job_id: str) -> Dispatch | None:
        row = self._get(rows.dispatch_key(job_id))
        return rows.dispatch_of(row) if row else None

    def save_dispatch(self, done: Dispatch, read: Dispatch, job: Job) -> bool:
        """Write that a step is done; False when another did it: whoever gets False stops."""
        try:
            attempt(partial(dynamodb().put_item, **self.dispatch_put(done, read.step, job)))
        except ConditionFailed:
            return self.read_dispatch(job.job_id) == done  # our own put, whose answer was lost
        return True

    def dispatch_put(self, done: Dispatch, read_step: int, job: Job) -> Any:
        return {
            "TableName": self.table,
            "Item": marshal(rows.dispatch_row(done, job)),
            "ConditionExpression": "step = :read",
            "ExpressionAttributeValues": marshal({":read": read_step}),
        }


def _transact(changes: Sequence[Any]) -> bool:
    try:
        attempt(lambda: dynamodb().transact_write_items(TransactItems=changes))
    except TransactionRefused:
        return False
    return True


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
