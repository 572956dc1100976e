"""A Darkroom of one process on loopback: the API's contract and S3's presigned POST, with switches for bad days."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.client.fake_jobs import ENDED, FakeJob, FakeJobs, Problem, iso
from tests.client.fake_tenants import FakeTenants

KEY = "dk_test_secret"


@dataclass
class FakeApi(FakeJobs):
    """Switches are plain attributes; `posts` are the files that reached S3, in order, as (job_id, task_id)."""

    max_files: int = 10_000
    max_grants: int = 500
    max_bytes: int = 1_000_000
    page: int = 1_000
    post_s: float = 0.0
    expired_posts: int = 0
    failing_posts: int = 0
    refused_posts: frozenset[str] = frozenset()
    is_holding: bool = False
    may_write: bool = True
    rendition: bytes = b"a rendition"
    posts: list[tuple[str, str]] = field(default_factory=list)
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    grant_calls: list[int] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)
    compared: list[tuple[str, bytes]] = field(default_factory=list)
    scratch: list[bytes] = field(default_factory=list)
    unchanged: int = 0
    contents: dict[tuple[str, str], str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    url: str = ""
    tenants: FakeTenants = field(default_factory=FakeTenants)

    # ── what a test may do to it ──

    def count(self, method: str, path: str) -> int:
        return sum(1 for m, p, _ in self.requests if m == method and re.fullmatch(path, p))

    def overlook_all(self) -> None:
        """S3 has the files, but its events have not come yet."""
        for job_id, task_id in self.posts:
            self.jobs[job_id].tasks[task_id]["status"] = "pending"

    def end_all(self) -> None:
        """What has arrived is worked off."""
        with self.lock:
            self.is_holding = False
            for job in self.jobs.values():
                for task in job.tasks.values():
                    if "sha256" in task and task["status"] not in ENDED:
                        self.accept(job, task)

    # ── routes ──

    def create_upload(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        files = body["files"]
        if len(files) > self.max_files:
            raise Problem(422, "too_many_files", limit=self.max_files, measured=len(files))
        faults = [
            {
                "loc": ["files", n, "bytes"],
                "code": "file_too_large",
                "detail": "The file is larger than allowed",
                "limit": self.max_bytes,
                "measured": file["bytes"],
            }
            for n, file in enumerate(files)
            if file["bytes"] > self.max_bytes
        ]
        if faults:
            raise Problem(422, "invalid_request", errors=faults)
        job = FakeJob(f"job{len(self.jobs)}", body["project"], {})
        self.jobs[job.job_id] = job
        for n, file in enumerate(files):
            asset_id = self.contents.get((job.project, file.get("sha256", "")))
            job.tasks[f"t{n:05}"] = {
                "task_id": f"t{n:05}", "filename": file["filename"], "stages": {}, "attempts": 0, "progress_pct": 0.0,
                "status": "completed" if asset_id else "pending", "outcome": "exists" if asset_id else None,
                "asset_id": asset_id, "error": None, "new_field": 1,
            }  # fmt: skip
        job.settle()
        waiting = [t["task_id"] for t in job.tasks.values() if t["status"] == "pending"][: self.max_grants]
        uploads = [self.granted(job, task, task["task_id"] in waiting) for task in job.tasks.values()]
        return 201, {"job_id": job.job_id, "project": job.project, "total": len(files),
                     "expires_at": soon(), "uploads": uploads}  # fmt: skip

    def renew(self, job: FakeJob, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if job.status == "cancelled":
            raise Problem(409, "job_cancelled")
        if len(body["task_ids"]) > self.max_grants:
            raise Problem(422, "invalid_request")
        self.grant_calls.append(len(body["task_ids"]))
        tasks = [job.tasks[task_id] for task_id in body["task_ids"]]
        uploads = [self.granted(job, task, task["status"] == "pending") for task in tasks]
        return 200, {"job_id": job.job_id, "uploads": uploads}

    def granted(self, job: FakeJob, task: dict[str, Any], has_grant: bool) -> dict[str, Any]:
        grant = {
            "url": self.url + "/s3/originals",
            "fields": {"key": f"{job.job_id}/{task['task_id']}", "Content-Type": "image/jpeg", "policy": "p"},
            "expires_at": soon(),
        }
        known = {"outcome": "exists", "asset_id": task["asset_id"]} if task["outcome"] == "exists" else {}
        return {"task_id": task["task_id"], "filename": task["filename"], "status": task["status"],
                "upload": grant if has_grant else None} | known  # fmt: skip

    def get_upload(self, job: FakeJob, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        view = job.summary()
        if since := query.get("changed_since"):
            tasks = [t for t in job.tasks.values() if t["event_seq"] > int(since)]
        else:
            tasks = [t for t in job.tasks.values() if query.get("tasks") == "all" or t["status"] == "failed"]
        if "tasks" in query or since:
            start = int(query.get("cursor", 0))
            view["tasks"] = tasks[start : start + self.page]
            view["next_cursor"] = str(start + self.page) if start + self.page < len(tasks) else None
        return 200, view

    def asset(self, asset_id: str) -> tuple[int, dict[str, Any]]:
        return 200, {
            "asset_id": asset_id, "project": "p", "filename": "[red]a.jpg", "content_hash": "0", "format": "jpeg",
            "width": 4000, "height": 3000, "bytes": 1_234_567, "color_space": "RGB", "created_at": soon(), "exif": {},
            "stages": {"validation": "completed", "quality": "completed"}, "attempts": 1,
            "renditions": [
                {"preset": p, "format": "jpeg", "width": w, "height": w, "bytes": 999, "quality": 85,
                 "url": f"{self.url}/v1/assets/{asset_id}/renditions/{p}"}
                for p, w in (("thumb", 100), ("card", 400))
            ],
            "quality": {"status": "completed", "scorer_version": 1, "sharpness": 0.7, "overall_quality": 0.81,
                        "issues": ["too_dark"], "suitability": {"score": 83, "category": "high", "parts": {}},
                        "nearest": {"asset_id": "b", "distance": 4}},
        }  # fmt: skip

    def grant_scratch(self) -> tuple[int, dict[str, Any]]:
        if not self.may_write:
            raise Problem(403, "missing_scope")
        grant = {"url": self.url + "/s3/originals", "fields": {"key": "scratch/s1"}, "expires_at": soon()}
        return 201, {"scratch_id": "scratch_1", "upload": grant}

    def compare(self, asset_id: str, content_type: str, body: bytes) -> tuple[int, dict[str, Any]]:
        self.compared.append((content_type, body))
        row = {"file_size_bytes": 999, "width": 400, "height": 300, "alignment": "scaled", "psnr_db": 31.5,
               "ssim": 0.91, "perceptual_hash_distance": 2, "identical": False,
               "verdict": {"quality": "good", "likeness": "very similar"}}  # fmt: skip
        same = row | {"psnr_db": None, "ssim": 1.0, "identical": True, "alignment": "same_size"}
        return 200, {"asset_id": asset_id, "comparisons": {"original": same, "card": row}, "note": "How."}

    # ── S3 and the pipeline behind it ──

    def receive(self, form: list[tuple[str, bytes]], authorization: str) -> tuple[int, str]:
        time.sleep(self.post_s)
        names = [name for name, _ in form]
        if authorization or names[-1] != "file" or names.count("file") != 1:
            return 400, "<Error><Code>InvalidArgument</Code><Message>bad form</Message></Error>"
        if dict(form)["key"].startswith(b"scratch/"):
            self.scratch.append(form[-1][1])
            return 204, ""
        job_id, task_id = dict(form)["key"].decode().split("/")
        with self.lock:
            if self.failing_posts:
                self.failing_posts -= 1
                return 503, "<Error><Code>SlowDown</Code></Error>"
            if self.expired_posts:
                self.expired_posts -= 1
                return 403, "<Error><Code>AccessDenied</Code><Message>Policy expired.</Message></Error>"
            job = self.jobs[job_id]
            task = job.tasks[task_id]
            if task["filename"] in self.refused_posts:
                return 400, "<Error><Code>EntityTooLarge</Code><Message>Too large.</Message></Error>"
            self.posts.append((job_id, task_id))
            task["sha256"] = hashlib.sha256(form[-1][1]).hexdigest()
            task["status"] = "processing"
            job.seq += 1
            if not self.is_holding:
                self.accept(job, task)
        return 204, ""

    def accept(self, job: FakeJob, task: dict[str, Any]) -> None:
        if "bad" in task["filename"]:
            error = {"code": "too_many_pixels", "detail": "Too many pixels", "limit": 100, "measured": 120}
            task.update(status="failed", outcome="refused", error=error)
        else:
            asset_id = "a" + task["sha256"][:12]
            self.contents[job.project, task["sha256"]] = asset_id
            task.update(status="completed", outcome="created", asset_id=asset_id)
        job.seq += 1
        job.settle()


def soon() -> str:
    return iso(datetime.now(UTC) + timedelta(minutes=15))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one segment: Nagle and delayed ACK would cost 40 ms an answer
    disable_nagle_algorithm = True
    api: FakeApi

    def do_GET(self) -> None:
        self.respond()

    def do_POST(self) -> None:
        self.respond()

    def do_PUT(self) -> None:
        self.respond()

    def do_DELETE(self) -> None:
        self.respond()

    def respond(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = parts.path.removeprefix("/api")
        authorization = self.headers.get("Authorization", "")
        with self.api.lock:
            self.api.requests.append((self.command, path, authorization))
        if path == "/s3/originals":
            status, text = self.api.receive(parse_form(body, self.headers["Content-Type"]), authorization)
            self.send(status, text.encode(), {})
            return
        if path.startswith("/s3/"):
            self.send(400 if authorization else 200, self.api.rendition, {})
            return
        try:
            with self.api.lock:
                self.route(path, {k: v[0] for k, v in parse_qs(parts.query).items()}, body, authorization)
        except Problem as problem:
            self.send_json(problem.status, problem.body)

    def route(self, path: str, query: dict[str, str], body: bytes, authorization: str) -> None:
        if authorization != f"Bearer {KEY}":
            raise Problem(401, "invalid_key")
        fakes = self.api.answer(self.command, path, query), self.api.tenants.answer(self.command, path, body)
        if answer := next(filter(None, fakes), None):
            return self.send_json(*answer)
        if path == "/v1/uploads":
            return self.send_json(*self.api.create_upload(json.loads(body)))
        if match := re.fullmatch(r"/v1/assets/(\w+)/renditions/(\w+)", path):
            return self.send(302, b"", {"Location": f"{self.api.url}/s3/{match[1]}/{match[2]}"})
        if path == "/v1/compare/grants":
            return self.send_json(*self.api.grant_scratch())
        if match := re.fullmatch(r"/v1/assets/(\w+)/compare", path):
            return self.send_json(*self.api.compare(match[1], self.headers["Content-Type"], body))
        if match := re.fullmatch(r"/v1/assets/(\w+)", path):
            return self.send_json(*self.api.asset(match[1]))
        return self.route_job(path, query, body)

    def route_job(self, path: str, query: dict[str, str], body: bytes) -> None:
        match = re.fullmatch(r"/v1/(?:uploads|jobs)/(\w+)(/grants)?", path)
        if not match or match[1] not in self.api.jobs:
            raise Problem(404, "not_found")
        job = self.api.jobs[match[1]]
        if job.status == "gone":
            raise Problem(410, "expired")
        if match[2]:
            return self.send_json(*self.api.renew(job, json.loads(body)))
        return self.send_upload(job, query)

    def send_upload(self, job: FakeJob, query: dict[str, str]) -> None:
        if not query:
            self.api.look(job)
        etag = f'"{job.job_id}-{job.seq}-{job.status}"'
        if self.headers.get("If-None-Match") == etag:
            self.api.unchanged += 1
            self.send(304, b"", {"ETag": etag})
            return
        status, view = self.api.get_upload(job, query)
        self.api.answers.append(view)
        self.send_json(status, view, {"ETag": etag})

    def send_json(self, status: int, value: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self.send(status, b"" if status == 204 else json.dumps(value).encode(), headers or {})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is no news."""


def serve(api: FakeApi) -> Server:
    """The API on a free port of loopback; its address is in `api.url`. The caller shuts it down."""
    server = Server(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"api": api}))
    api.url = f"http://127.0.0.1:{server.server_port}/api"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


def parse_form(body: bytes, content_type: str) -> list[tuple[str, bytes]]:
    boundary = content_type.split("boundary=")[1].encode()
    parts = body.split(b"--" + boundary)[1:-1]
    form = []
    for part in parts:
        head, _, content = part[2:-2].partition(b"\r\n\r\n")
        message = Message()
        message["Content-Disposition"] = re.search(rb"Content-Disposition: (.*)", head)[1].decode().strip()  # type: ignore[index]
        form.append((str(message.get_param("name", header="Content-Disposition")), content))
    return form
