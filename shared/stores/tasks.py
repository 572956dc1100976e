"""Tasks in the jobs table: the facts that workers record, and reading them back in pages."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from shared.domain import keys
from shared.domain.ids import TASK_ID
from shared.domain.job import Job
from shared.domain.stage import Stage
from shared.domain.task import Outcome, StageStatus, Task, TaskError, TaskRef
from shared.errors import InvalidRequest
from shared.stores import rows
from shared.stores.dynamo import ConditionFailed, Item, TransactionRefused, attempt, dynamodb, marshal, unmarshal
from shared.stores.dynamo import marshal_value as value

PAGE = 500
MAX_EVENT = 10**15


def _is_task_key(part: object) -> bool:
    named = keys.task_of_row("", part) if isinstance(part, str) else None
    return named is not None and TASK_ID.fullmatch(named[1]) is not None


CURSOR_PARTS: dict[str, Callable[[object], bool]] = {
    "sk": _is_task_key,
    "failed_sk": _is_task_key,
    "event_seq": lambda part: type(part) is int and 0 < part < MAX_EVENT,
}


@dataclass(frozen=True)
class Page:
    tasks: list[Task]
    next_cursor: str | None


@dataclass(frozen=True)
class TaskStore:
    """Every write by a worker is a fact: it says `by: worker`, so the stream hands it to the projector.

    A fact is refused, and nothing is written, when the task is gone, reopened under another epoch, or the stage ended.
    """

    table: str
    page_size: int = PAGE

    def begin_stage(
        self,
        task: TaskRef,
        stage: Stage,
        now: datetime,
        version_id: str | None = None,
        *,
        is_first_allowed: bool = True,
    ) -> Task | None:
        """Record a started attempt; the task as it is then, or None when the stage is not to be worked on.

        With `version_id` the task takes that version of its original, and None also means that it has taken another.
        Without `is_first_allowed` only a task that was begun before goes on.
        """
        conditions = ["(attribute_not_exists(version_id) OR version_id = :version)"] if version_id else []
        conditions += [] if is_first_allowed else ["attribute_exists(started_at)"]
        changes = [
            "attempts.#stage = if_not_exists(attempts.#stage, :zero) + :one",
            "started_at = if_not_exists(started_at, :now)",
            *(["version_id = :version"] if version_id else []),
        ]
        values = {":zero": 0, ":one": 1} | ({":version": version_id} if version_id else {})
        return self._record(task, stage, StageStatus.PROCESSING, now, changes, values, conditions)

    def finish_stage(self, task: TaskRef, stage: Stage, now: datetime, **facts: str) -> Task | None:
        """Record a stage as completed, with what else became true in it (asset_id, outcome, thumbnail_key)."""
        return self._record(
            task,
            stage,
            StageStatus.COMPLETED,
            now,
            ["completed_at = :now", *(f"{name} = :{name}" for name in facts)],
            {f":{name}": fact for name, fact in facts.items()},
        )

    def fail_stage(
        self,
        task: TaskRef,
        stage: Stage,
        error: TaskError,
        outcome: Outcome,
        now: datetime,
        *,
        unheard_since: datetime | None = None,
        attempt: int | None = None,
    ) -> Task | None:
        """Record a verdict: the stage failed, for good in this epoch.

        With `unheard_since` only if nothing was recorded on the task since then; with `attempt` only if no later one
        has begun.
        """
        changes, values, names = _failure(task, error, outcome)
        conditions = ["changed_at = :then"] if unheard_since else []
        values |= {":then": rows.to_text(unheard_since)} if unheard_since else {}
        conditions += ["attempts.#stage = :attempt"] if attempt else []
        values |= {":attempt": attempt} if attempt else {}
        return self._record(task, stage, StageStatus.FAILED, now, changes, values, conditions, names)

    def latest_attempt(self, begun: Task, stage: Stage) -> Item:
        """A condition for another's transaction: the stage has not ended, and no later attempt at it has begun."""
        values = {":epoch": begun.epoch, ":attempt": begun.attempts[stage], ":processing": StageStatus.PROCESSING}
        return {
            "ConditionCheck": {
                "TableName": self.table,
                "Key": marshal(rows.task_key(begun.job_id, begun.task_id)),
                "ConditionExpression": "epoch = :epoch AND attempts.#stage = :attempt AND stages.#stage = :processing",
                "ExpressionAttributeNames": {"#stage": stage},
                "ExpressionAttributeValues": marshal(values),
            }
        }

    def expire(self, task: TaskRef, error: TaskError, granted_until: datetime, now: datetime) -> bool:
        """Fail an upload that never came, unless its session was granted anything since `granted_until` was read."""
        changes, values, names = _failure(task, error, Outcome.EXPIRED)
        change = self._stage_change(task, Stage.VALIDATION, StageStatus.FAILED, now, changes, values, (), names)
        check = {
            "TableName": self.table,
            "Key": marshal(rows.job_key(task.job_id)),
            "ConditionExpression": "granted_until = :read",
            "ExpressionAttributeValues": marshal({":read": rows.to_text(granted_until)}),
        }
        items: Any = [{"ConditionCheck": check}, {"Update": change}]
        try:
            attempt(lambda: dynamodb().transact_write_items(TransactItems=items))
        except TransactionRefused:
            return False
        return True

    def finish_as_existing(self, task: Task, asset_id: str, thumbnail_key: str | None, now: datetime) -> Task | None:
        """Record that the task's bytes are an asset already: nothing of it is left to do."""
        others = [stage for stage in task.stages if stage is not Stage.VALIDATION]
        return self._record(
            task.ref,
            Stage.VALIDATION,
            StageStatus.COMPLETED,
            now,
            ["completed_at = :now", "outcome = :outcome", "asset_id = :asset_id", "thumbnail_key = :thumbnail"]
            + [f"stages.{stage} = :state" for stage in others],
            {
                ":outcome": Outcome.EXISTS,
                ":asset_id": asset_id,
                ":thumbnail": thumbnail_key or "",
            },
        )

    def skip(self, task: TaskRef, now: datetime) -> Task | None:
        """Record that the task's asset is gone: nothing of it is left to do."""
        return self._write(
            self._change(
                task,
                now,
                ["outcome = :outcome", "completed_at = :now"],
                {":outcome": Outcome.SKIPPED},
                ["(attribute_not_exists(outcome) OR outcome = :outcome)"],
            )
        )

    def note_redrive(self, task: Task, now: datetime) -> bool:
        """Count that the task's work is sent again; False when somebody else was faster or the task has moved."""
        change = self._change(
            task.ref,
            now,
            ["redrives = :next"],
            {":next": task.redrives + 1, ":known": task.redrives, ":then": rows.to_text(task.changed_at)},
            ["(attribute_not_exists(redrives) OR redrives = :known)", "changed_at = :then"],
            writer="reconcile",
        )
        return self._write(change) is not None

    def _record(
        self,
        task: TaskRef,
        stage: Stage,
        state: StageStatus,
        now: datetime,
        changes: list[str],
        values: Item,
        conditions: Sequence[str] = (),
        names: dict[str, str] | None = None,
    ) -> Task | None:
        return self._write(self._stage_change(task, stage, state, now, changes, values, conditions, names))

    def _stage_change(
        self,
        task: TaskRef,
        stage: Stage,
        state: StageStatus,
        now: datetime,
        changes: list[str],
        values: Item,
        conditions: Sequence[str],
        names: dict[str, str] | None,
    ) -> Any:
        return self._change(
            task,
            now,
            ["stages.#stage = :state", *changes],
            {":state": state, ":pending": StageStatus.PENDING, ":processing": StageStatus.PROCESSING, **values},
            ["stages.#stage IN (:pending, :processing)", *conditions],
            {"#stage": stage, **(names or {})},
        )

    def _change(
        self,
        task: TaskRef,
        now: datetime,
        changes: list[str],
        values: Item,
        conditions: Sequence[str],
        names: dict[str, str] | None = None,
        writer: str = "worker",
    ) -> Any:
        written = {":writer": writer, ":now": rows.to_text(now), ":epoch": task.epoch, **values}
        return {
            "TableName": self.table,
            "Key": marshal(rows.task_key(task.job_id, task.task_id)),
            "UpdateExpression": "SET " + ", ".join(["#by = :writer", "changed_at = :now", *changes]),
            "ConditionExpression": " AND ".join(["epoch = :epoch", *conditions]),
            "ExpressionAttributeNames": {"#by": "by", **(names or {})},
            "ExpressionAttributeValues": {name: value(item) for name, item in written.items()},
        }

    def _write(self, change: Any) -> Task | None:
        try:
            answer = attempt(lambda: dynamodb().update_item(**change, ReturnValues="ALL_NEW"))
        except ConditionFailed:
            return None
        return rows.task_of(unmarshal(answer["Attributes"]))

    def add(self, tasks: Sequence[Task], job: Job) -> None:
        """Put rows for tasks that have none yet; rows that are there already stay as they are."""
        missing = [rows.task_row(task, job) for task in tasks]
        while missing:
            is_new = {"TableName": self.table, "ConditionExpression": "attribute_not_exists(pk)"}
            puts: Any = [{"Put": {**is_new, "Item": marshal(row)}} for row in missing]
            try:
                attempt(partial(dynamodb().transact_write_items, TransactItems=puts))
            except TransactionRefused as refused:
                missing = [
                    row for row, why in zip(missing, refused.reasons, strict=True) if why != "ConditionalCheckFailed"
                ]
            else:
                return

    def page(self, job_id: str, *, is_failed_only: bool, changed_since: int | None, cursor: str | None) -> Page:
        """Tasks of a job, up to `page_size`: all in order, the failed ones, or those changed since an event number."""
        index, order, condition, values = _view(is_failed_only, changed_since)
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": f"pk = :pk AND {condition}",
            "ExpressionAttributeValues": marshal({":pk": keys.job_pk(job_id), **values}),
            "ConsistentRead": True,
            "Limit": self.page_size,
        }
        if index:
            query["IndexName"] = index
        if cursor:
            after = _read_cursor(cursor, order)
            if after.get("event_seq", MAX_EVENT) <= (changed_since or 0):
                raise InvalidRequest("The cursor is of another listing.")
            query["ExclusiveStartKey"] = marshal({"pk": keys.job_pk(job_id), **after})
        answer = attempt(lambda: dynamodb().query(**query))
        last = answer.get("LastEvaluatedKey")
        return Page(
            tasks=[rows.task_of(unmarshal(row)) for row in answer["Items"]],
            next_cursor=_write_cursor({name: unmarshal(last)[name] for name in order}) if last else None,
        )


def _failure(task: TaskRef, error: TaskError, outcome: Outcome) -> tuple[list[str], Item, dict[str, str]]:
    """(changes, their values, names) that a verdict makes to a task's row."""
    changes = ["completed_at = :now", "outcome = :outcome", "#error = :error", "failed_sk = :sk"]
    values = {":outcome": outcome, ":error": rows.error_map(error), ":sk": keys.task_sk(task.task_id)}
    return changes, values, {"#error": "error"}


def _view(is_failed_only: bool, changed_since: int | None) -> tuple[str | None, tuple[str, ...], str, Item]:
    """(index, the key attributes that a cursor holds, key condition, its values)."""
    if changed_since is not None:
        return "task_events", ("sk", "event_seq"), "event_seq > :since", {":since": changed_since}
    if is_failed_only:
        return "failed_tasks", ("sk", "failed_sk"), "begins_with(failed_sk, :prefix)", {":prefix": keys.TASK_PREFIX}
    return None, ("sk",), "begins_with(sk, :prefix)", {":prefix": keys.TASK_PREFIX}


def _write_cursor(key: Item) -> str:
    return urlsafe_b64encode(json.dumps(key, sort_keys=True).encode()).decode()


def _read_cursor(cursor: str, names: tuple[str, ...]) -> Item:
    """The key in a cursor. What is odd is refused here: DynamoDB refuses a key that its query could not have given."""
    try:
        key = json.loads(urlsafe_b64decode(cursor.encode()))
    except ValueError as error:
        raise InvalidRequest("The cursor is none of ours.") from error
    if not isinstance(key, dict) or set(key) != set(names) or not all(CURSOR_PARTS[name](key[name]) for name in names):
        raise InvalidRequest("The cursor is none of ours, or of another listing.")
    return key
