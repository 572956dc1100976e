"""The edge to the jobs table's stream: which tasks of which jobs have changed."""

from __future__ import annotations

from typing import Any

from shared.domain.keys import task_of_row


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
