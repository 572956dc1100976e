"""The soak's poller: reads every job's counters all the time, and notes whatever does not add up."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from darkroom import Client, Job


@dataclass
class Watch:
    """Looks at all jobs of some projects; `wrong` holds a line for each thing that must not be."""

    client: Client
    projects: tuple[str, ...]
    jobs: dict[str, Job] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    polls: int = 0
    _reopened: set[str] = field(default_factory=set)

    def __call__(self) -> None:
        for project in self.projects:
            for listed in self.client.list_jobs(project):
                known = self.jobs.get(listed.job_id)
                if known and known.is_ended and known.seq == listed.seq:
                    continue
                job = self.client.get_job(listed.job_id)
                if job:
                    self._look_at(job)

    def reopened(self, job_id: str) -> None:
        """From now on this job may begin again, as a new epoch."""
        self._reopened.add(job_id)

    def of_project(self, project: str, kind: str) -> list[Job]:
        """Its jobs of a kind, the oldest first."""
        return sorted(
            (job for job in self.jobs.values() if job.project == project and job.kind == kind),
            key=lambda job: job.job_id,
        )

    def _look_at(self, job: Job) -> None:
        self.polls += 1
        before = None if job.job_id in self._reopened else self.jobs.get(job.job_id)
        self.wrong += [f"{job.job_id} ({job.kind}): {what}" for what in faults_of(job, before)]
        self.jobs[job.job_id] = job


def faults_of(job: Job, before: Job | None) -> list[str]:
    """What is wrong with a job's counters, on their own and against those read before."""
    if job.total is None:
        return []
    counters = (job.pending, job.processing, job.processed, job.failed, job.skipped)
    rules = {
        f"{counters} do not add up to {job.total}": sum(counters) == job.total and min(counters) >= 0,
        f"remaining is {job.remaining}": job.remaining == job.total - job.ended_tasks,
        f"progress is {job.progress_pct}": 0 <= job.progress_pct <= 100,
    }
    if before and before.total is not None:
        rules |= {
            f"the total went from {before.total} to {job.total}": job.total == before.total,
            f"seq fell from {before.seq} to {job.seq}": job.seq >= before.seq,
            f"progress fell from {before.progress_pct} to {job.progress_pct}": job.progress_pct >= before.progress_pct,
            f"ended tasks fell from {before.ended_tasks} to {job.ended_tasks}": job.ended_tasks >= before.ended_tasks,
            f"it ended as {before.status} and is {job.status}": not before.is_ended or job.status == before.status,
        }
    return [what for what, holds in rules.items() if not holds]


def until(condition: Callable[[], bool], timeout_s: float) -> bool:
    """Wait for a condition, at most so long; whether it came."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True
