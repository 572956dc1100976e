"""Jobs-table stream (facts of workers) → exact counters."""

from typing import Any

from shared.settings import ProgressSettings
from shared.stores.jobs import JobStore
from shared.streams import changed_tasks
from shared.usecases.count_progress import count_progress

settings = ProgressSettings.load()
jobs = JobStore(settings.jobs_table)


def handler(event: dict[str, Any], context: Any) -> None:
    """Raises what a job could not be counted for; the stream then hands the batch over again, halved."""
    for job_id, task_ids in changed_tasks(event).items():
        count_progress(job_id, task_ids, jobs)
