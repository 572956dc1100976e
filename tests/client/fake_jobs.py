"""The fake Darkroom's quality jobs: each look at one ends `pace` of its images, so that nothing waits for a clock."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

ENDED = ("completed", "failed", "skipped")
Answer = tuple[int, dict[str, Any]]


class Problem(Exception):
    def __init__(self, status: int, code: str, **more: Any) -> None:
        self.status = status
        self.body = {
            "type": "about:blank",
            "title": code,
            "status": status,
            "detail": f"No: {code}",
            "code": code,
            **more,
        }


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@dataclass
class FakeJob:
    job_id: str
    project: str
    tasks: dict[str, dict[str, Any]]
    status: str = "processing"
    seq: int = 1
    kind: str = "upload"
    is_freezing: bool = False
    started_at: datetime | None = None

    def summary(self) -> dict[str, Any]:
        statuses = [task["status"] for task in self.tasks.values()]
        counts = {s: statuses.count(s) for s in ("pending", "processing", "failed", "skipped")}
        done = sum(statuses.count(s) for s in ENDED)
        started_at = iso(self.started_at) if self.started_at else None
        at = iso(self.started_at + timedelta(seconds=done)) if self.started_at else None
        sizes = {"total": None, "remaining": None} if self.is_freezing else {
            "total": len(statuses), "remaining": len(statuses) - done,
        }  # fmt: skip
        return counts | sizes | {
            "job_id": self.job_id, "kind": self.kind, "project": self.project, "status": self.status,
            "processed": statuses.count("completed"), "progress_pct": round(100 * done / (len(statuses) or 1), 1),
            "eta_s": 3.0, "created_at": "2025-01-01T00:00:00Z", "started_at": started_at, "updated_at": at,
            "completed_at": at if self.status in ("completed", "cancelled") else None,
            "error": None, "poll_after_ms": 20, "seq": self.seq, "next_cursor": None,
        }  # fmt: skip

    def settle(self) -> None:
        if all(task["status"] in ENDED for task in self.tasks.values()):
            self.status = "completed"

    def end_next(self, number: int) -> None:
        """The next images are scored, those named bad not."""
        for task in [t for t in self.tasks.values() if t["status"] not in ENDED][:number]:
            self.seq += 1
            is_bad = "bad" in task["filename"]
            error = {"code": "original_gone", "detail": "The original no longer exists"} if is_bad else None
            status, outcome = ("failed", "failed") if is_bad else ("completed", "scored")
            task.update(status=status, outcome=outcome, error=error, event_seq=self.seq)
        self.settle()


@dataclass
class FakeJobs:
    """`images` are what a new quality job finds to score."""

    images: list[str] = field(default_factory=lambda: ["a.jpg", "b.jpg", "bad.jpg", "d.jpg"])
    pace: int = 1
    freezes: int = 0
    page: int = 2
    on_look: Callable[[FakeJob], object] | None = None
    jobs: dict[str, FakeJob] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    reopened: list[dict[str, Any]] = field(default_factory=list)
    presets: list[dict[str, Any]] = field(default_factory=list)
    poison: list[dict[str, Any]] = field(default_factory=list)
    cleanups: list[dict[str, Any]] = field(default_factory=list)
    cleaned_from: list[str | None] = field(default_factory=list)
    assets: list[dict[str, Any]] = field(default_factory=list)
    statistics: dict[str, Any] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)

    def start(self, project: str, query: dict[str, str]) -> Answer:
        self.asked.append(query)
        if query.get("dry_run") == "true":
            bad = [{"asset_id": f"s{n}", "filename": name, "code": "original_gone", "detail": "Gone"}
                   for n, name in enumerate(self.images) if "bad" in name]  # fmt: skip
            return 200, {"job_id": None, "total_images": len(self.images), "status": "idle", "message": "ok",
                         "dry_run": True, "batches": 2, "expected_s": 75.0,
                         "sample": {"size": 3, "would_fail": bad}}  # fmt: skip
        if active := self.active(project):
            raise Problem(409, "job_active", job_id=active.job_id)
        tasks = {
            f"t{n}": {"task_id": f"t{n}", "filename": name, "asset_id": f"s{n}", "status": "pending",
                      "outcome": None, "error": None, "event_seq": 0}
            for n, name in enumerate(self.images)
        }  # fmt: skip
        job = FakeJob(f"q{len(self.jobs)}", project, tasks, kind="quality", started_at=datetime.now(UTC))
        job.is_freezing = self.freezes > 0
        job.settle()
        self.jobs[job.job_id] = job
        total = None if job.is_freezing else len(tasks)
        return 202 if job.is_freezing else 201, {
            "job_id": job.job_id, "total_images": total, "status": job.status, "message": "Scoring"
        }  # fmt: skip

    def active(self, project: str) -> FakeJob | None:
        return next((j for j in self.jobs.values() if (j.project, j.status) == (project, "processing")), None)

    def look(self, job: FakeJob) -> None:
        """Someone reads the job without asking for its tasks."""
        if job.kind != "quality" or job.status != "processing":
            return
        if self.on_look:
            self.on_look(job)
        if job.is_freezing:
            self.freezes -= 1
            job.seq += 1
            job.is_freezing = self.freezes > 0
            return
        job.end_next(self.pace)

    def progress(self, project: str, query: dict[str, str]) -> Answer:
        found = [job for job in self.jobs.values() if (job.project, job.kind) == (project, "quality")]
        return 200, found[-1].summary() if found else {"status": "idle", "total": 0, "job_id": None, "processed": 0}

    def list_jobs(self, project: str, query: dict[str, str]) -> Answer:
        found = [job.summary() for job in reversed(self.jobs.values()) if job.project == project]
        return 200, self.paged("jobs", found, query)

    def paged(self, name: str, rows: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        start = int(query.get("cursor", 0))
        end = start + self.page
        return {name: rows[start:end], "next_cursor": str(end) if end < len(rows) else None}

    def cancel_project(self, project: str, query: dict[str, str]) -> Answer:
        if active := self.active(project):
            return self.cancel(active.job_id, query)
        zeros = dict.fromkeys(("total", "processed", "failed", "skipped", "in_flight"), 0)
        return 200, {"job_id": None, "cancelled": False, "status": "idle", "message": "no job is running"} | zeros

    def cancel(self, job_id: str, query: dict[str, str]) -> Answer:
        job = self.jobs[job_id]
        was_open = job.status == "processing"
        if was_open:
            open_tasks = [task for task in job.tasks.values() if task["status"] not in ENDED]
            for n, task in enumerate(open_tasks):
                task["status"] = "skipped" if n else "processing"
            job.status, job.seq = "cancelled", job.seq + 1
        now = job.summary()
        return 200, {name: now[name] for name in ("job_id", "status", "total", "processed", "failed", "skipped")} | {
            "cancelled": was_open, "in_flight": now["processing"],
            "message": "" if was_open else f"the job is {job.status}",
        }  # fmt: skip

    def retry(self, *ids_and_query: Any) -> Answer:
        return 200, self.reopened.pop(0)

    def list_presets(self, query: dict[str, str]) -> Answer:
        return 200, {"presets": self.presets}

    def list_poison(self, query: dict[str, str]) -> Answer:
        return 200, self.paged("records", self.poison, query)

    def list_assets(self, project: str, query: dict[str, str]) -> Answer:
        self.asked.append({name: value for name, value in query.items() if name != "cursor"})
        return 200, self.paged("assets", self.assets, query)

    def list_duplicates(self, project: str, query: dict[str, str]) -> Answer:
        return 200, {"groups": self.groups, "next_cursor": None}

    def read_statistics(self, project: str, query: dict[str, str]) -> Answer:
        return 200, {"project": project, **self.statistics}

    def delete_asset(self, asset_id: str, query: dict[str, str]) -> Answer:
        if asset_id not in [asset["asset_id"] for asset in self.assets]:
            raise Problem(404, "not_found")
        self.assets = [asset for asset in self.assets if asset["asset_id"] != asset_id]
        return 204, {}

    def cleanup(self, query: dict[str, str]) -> Answer:
        self.cleaned_from.append(query.get("cursor"))
        return 200, self.cleanups.pop(0)

    def answer(self, method: str, path: str, query: dict[str, str]) -> Answer | None:
        for its_method, pattern, call in ROUTES:
            if method == its_method and (match := re.fullmatch(pattern, path)):
                return call(self, *match.groups(), query)
        return None


ROUTES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("POST", r"/v1/projects/(\w+)/analytics/start-quality-job", FakeJobs.start),
    ("GET", r"/v1/projects/(\w+)/analytics/quality-progress", FakeJobs.progress),
    ("POST", r"/v1/projects/(\w+)/analytics/cancel-quality-job", FakeJobs.cancel_project),
    ("POST", r"/v1/projects/(\w+)/renditions/rebuild", FakeJobs.start),
    ("GET", r"/v1/projects/(\w+)/jobs", FakeJobs.list_jobs),
    ("GET", r"/v1/settings/presets", FakeJobs.list_presets),
    ("GET", r"/v1/projects/(\w+)/assets", FakeJobs.list_assets),
    ("GET", r"/v1/projects/(\w+)/statistics", FakeJobs.read_statistics),
    ("GET", r"/v1/projects/(\w+)/duplicates", FakeJobs.list_duplicates),
    ("DELETE", r"/v1/assets/(\w+)", FakeJobs.delete_asset),
    ("POST", r"/v1/jobs/(\w+)/cancel", FakeJobs.cancel),
    ("POST", r"/v1/jobs/(\w+)/retry-failed", FakeJobs.retry),
    ("POST", r"/v1/jobs/(\w+)/tasks/(\w+)/retry", FakeJobs.retry),
    ("POST", r"/v1/assets/(\w+)/retry", FakeJobs.retry),
    ("GET", r"/v1/poison", FakeJobs.list_poison),
    ("POST", r"/v1/poison/(\w+)/redrive", FakeJobs.retry),
    ("POST", r"/v1/admin/cleanup-sessions", FakeJobs.cleanup),
)
