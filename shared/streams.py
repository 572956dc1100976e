"""The edge to the jobs table's stream: which jobs, and which of their tasks, have changed."""

from __future__ import annotations

from typing import Any

from shared.domain.job import Job
from shared.domain.keys import JOB_ROW, task_of_row
from shared.stores import rows
from shared.stores.dynamo import unmarshal


def changed_tasks(event: dict[str, Any]) -> dict[str, list[str]]:
    """Job id → its changed tasks, each once, in the order of the records. Rows that are no tasks are left out."""
    changed: dict[str, dict[str, None]] = {}
    for record in event.get("Records", []):
        keys = record["dynamodb"]["Keys"]
        named = task_of_row(keys["pk"]["S"], keys["sk"]["S"])
        if named:
            job_id, task_id = named
            changed.setdefault(job_id, {})[task_id] = None
    return {job_id: list(task_ids) for job_id, task_ids in changed.items()}


def job_states(event: dict[str, Any]) -> dict[str, list[Job]]:
    """Job id → what the job was after each of its changes, in the order of the records."""
    states: dict[str, list[Job]] = {}
    for record in event.get("Records", []):
        image = record["dynamodb"].get("NewImage")
        if image and image["sk"]["S"] == JOB_ROW:
            job = rows.job_of(unmarshal(image))
            states.setdefault(job.job_id, []).append(job)
    return states
