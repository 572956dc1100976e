"""Tasks in the jobs table: the facts that workers record, and reading them back in pages."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.domain import keys
from shared.domain.stage import Stage
from shared.domain.task import Outcome, StageStatus, Task, TaskError, TaskRef
from shared.errors import InvalidRequest
from shared.stores import rows
from shared.stores.dynamo import ConditionFailed, Item, attempt, dynamodb, marshal, unmarshal
from shared.stores.dynamo import marshal_value as value

PAGE = 500


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

    def begin_stage(self, task: TaskRef, stage: Stage, now: datetime, version_id: str | None = None) -> Task | None:
        """Record a started attempt; the task as it is then, or None when the stage is not to be worked on.

        With `version_id` the task takes that version of its original, and None also means that it has taken another.
        """
        condition = "(attribute_not_exists(version_id) OR version_id = :version)" if version_id else None
        return self._record(
            task,
            stage,
            StageStatus.PROCESSING,
            [
                "attempts.#stage = if_not_exists(attempts.#stage, :zero) + :one",
                "started_at = if_not_exists(started_at, :now)",
            ]
            + (["version_id = :version"] if version_id else []),
            {":zero": 0, ":one": 1, ":now": rows.to_text(now)} | ({":version": version_id} if version_id else {}),
            condition,
        )

    def finish_stage(self, task: TaskRef, stage: Stage, now: datetime, **facts: str) -> Task | None:
        """Record a stage as completed, with what else became true in it (asset_id, outcome, thumbnail_key)."""
        return self._record(
            task,
            stage,
            StageStatus.COMPLETED,
            ["completed_at = :now", *(f"{name} = :{name}" for name in facts)],
            {":now": rows.to_text(now)} | {f":{name}": fact for name, fact in facts.items()},
        )

    def fail_stage(self, task: TaskRef, stage: Stage, error: TaskError, outcome: Outcome, now: datetime) -> Task | None:
        """Record a verdict: the stage failed, for good in this epoch."""
        return self._record(
            task,
            stage,
            StageStatus.FAILED,
            ["completed_at = :now", "outcome = :outcome", "#error = :error", "failed_sk = :sk"],
            {
                ":now": rows.to_text(now),
                ":outcome": outcome,
                ":error": rows.error_map(error),
                ":sk": keys.task_sk(task.task_id),
            },
            names={"#error": "error"},
        )

    def finish_as_existing(self, task: Task, asset_id: str, thumbnail_key: str | None, now: datetime) -> Task | None:
        """Record that the task's bytes are an asset already: nothing of it is left to do."""
        others = [stage for stage in task.stages if stage is not Stage.VALIDATION]
        return self._record(
            task.ref,
            Stage.VALIDATION,
            StageStatus.COMPLETED,
            ["completed_at = :now", "outcome = :outcome", "asset_id = :asset_id", "thumbnail_key = :thumbnail"]
            + [f"stages.{stage} = :state" for stage in others],
            {
                ":now": rows.to_text(now),
                ":outcome": Outcome.EXISTS,
                ":asset_id": asset_id,
                ":thumbnail": thumbnail_key or "",
            },
        )

    def _record(
        self,
        task: TaskRef,
        stage: Stage,
        state: StageStatus,
        changes: list[str],
        values: Item,
        condition: str | None = None,
        names: dict[str, str] | None = None,
    ) -> Task | None:
        conditions = ["epoch = :epoch", "stages.#stage IN (:pending, :processing)", *([condition] if condition else [])]
        try:
            answer = attempt(
                lambda: dynamodb().update_item(
                    TableName=self.table,
                    Key=marshal(rows.task_key(task.job_id, task.task_id)),
                    UpdateExpression="SET " + ", ".join(["stages.#stage = :state", "#by = :worker", *changes]),
                    ConditionExpression=" AND ".join(conditions),
                    ExpressionAttributeNames={"#stage": stage, "#by": "by"} | (names or {}),
                    ExpressionAttributeValues={
                        name: value(item)
                        for name, item in {
                            ":state": state,
                            ":worker": "worker",
                            ":epoch": task.epoch,
                            ":pending": StageStatus.PENDING,
                            ":processing": StageStatus.PROCESSING,
                            **values,
                        }.items()
                    },
                    ReturnValues="ALL_NEW",
                )
            )
        except ConditionFailed:
            return None
        return rows.task_of(unmarshal(answer["Attributes"]))

    def page(self, job_id: str, *, is_failed_only: bool, changed_since: int | None, cursor: str | None) -> Page:
        """Tasks of a job, up to PAGE: all in order, those that failed, or those changed since an event number."""
        index, order, condition, values = _view(is_failed_only, changed_since)
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": f"pk = :pk AND {condition}",
            "ExpressionAttributeValues": marshal({":pk": keys.job_pk(job_id), **values}),
            "ConsistentRead": True,
            "Limit": PAGE,
        }
        if index:
            query["IndexName"] = index
        if cursor:
            query["ExclusiveStartKey"] = marshal({"pk": keys.job_pk(job_id), **_read_cursor(cursor, order)})
        answer = attempt(lambda: dynamodb().query(**query))
        last = answer.get("LastEvaluatedKey")
        return Page(
            tasks=[rows.task_of(unmarshal(row)) for row in answer["Items"]],
            next_cursor=_write_cursor({name: unmarshal(last)[name] for name in order}) if last else None,
        )


def _view(is_failed_only: bool, changed_since: int | None) -> tuple[str | None, tuple[str, ...], str, Item]:
    """(index, the key attributes that a cursor holds, key condition, its values)."""
    if changed_since is not None:
        return "task_events", ("sk", "event_seq"), "event_seq > :since", {":since": changed_since}
    if is_failed_only:
        return "failed_tasks", ("sk", "failed_sk"), "begins_with(failed_sk, :prefix)", {":prefix": "TASK#"}
    return None, ("sk",), "begins_with(sk, :prefix)", {":prefix": "TASK#"}


def _write_cursor(key: Item) -> str:
    return urlsafe_b64encode(json.dumps(key, sort_keys=True).encode()).decode()


def _read_cursor(cursor: str, names: tuple[str, ...]) -> Item:
    try:
        key = json.loads(urlsafe_b64decode(cursor.encode()))
    except ValueError as error:
        raise InvalidRequest("The cursor is none of ours.") from error
    kinds = {"event_seq": int}
    if not isinstance(key, dict) or set(key) != set(names):
        raise InvalidRequest("The cursor belongs to another listing.")
    if not all(isinstance(key[name], kinds.get(name, str)) for name in names):
        raise InvalidRequest("The cursor is none of ours.")
    return key
