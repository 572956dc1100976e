"""The API, one method for each route that the client needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal
from urllib.parse import quote, urljoin

from darkroom.access import Key, Me, Metrics, Project, Quotas, Tenant
from darkroom.actions import (
    CancelReceipt,
    Cleanup,
    DryRun,
    PoisonRecord,
    PresetList,
    QualityOptions,
    Reopened,
    StartedJob,
    Ticket,
)
from darkroom.errors import UnexpectedAnswer
from darkroom.listings import AssetFilter, AssetSummary, DuplicateGroup, Statistics
from darkroom.models import Asset, Compared, GrantedTask, Job, NewFile, ScratchGrant, Task, UploadSession
from darkroom.wire import Wire

Which = Literal["all", "failed"]


class Client(Wire):
    """Darkroom's API at `base_url` (up to and including `/api`). Safe to share between threads.

    Tries again on connection errors, 429 and 5xx. Any method raises ApiError when the API says no, Unreachable when
    nothing answers, and UnexpectedAnswer when what answers is not Darkroom. A creation whose answer is lost is tried
    again too: it leaves an empty session behind, which the server closes when its grants have expired.
    """

    # ── uploads ──

    def create_upload(self, project: str, files: Sequence[NewFile]) -> UploadSession:
        """Open an upload session for up to 10,000 files; grants come for the first 500 that must be sent."""
        body = {"project": project, "files": [file.to_json() for file in files]}
        return self._ask("POST", "/v1/uploads", UploadSession.parse, json=body)

    def renew_grants(self, job_id: str, task_ids: Sequence[str]) -> tuple[GrantedTask, ...]:
        """New grants for up to 500 tasks; those no longer pending come back with their status and no grant."""
        return self._ask(
            "POST",
            f"/v1/uploads/{_id(job_id)}/grants",
            lambda raw: tuple(GrantedTask.parse(task) for task in raw["uploads"]),
            json={"task_ids": list(task_ids)},
        )

    def get_upload(
        self,
        job_id: str,
        *,
        tasks: Which | None = None,
        changed_since: int | None = None,
        cursor: str | None = None,
        etag: str | None = None,
    ) -> Job | None:
        """An upload session's counts, with a page of its tasks if asked for; None if it is still what `etag` named."""
        query = {"tasks": tasks, "changed_since": changed_since, "cursor": cursor}
        return self._ask_job(f"/v1/uploads/{_id(job_id)}", query, etag)

    # ── jobs of any kind ──

    def get_job(
        self,
        job_id: str,
        *,
        tasks: Which | None = None,
        changed_since: int | None = None,
        cursor: str | None = None,
        etag: str | None = None,
    ) -> Job | None:
        """Any job's counts, with a page of its tasks if asked for; None if it is still what `etag` named."""
        query = {"tasks": tasks, "changed_since": changed_since, "cursor": cursor}
        return self._ask_job(f"/v1/jobs/{_id(job_id)}", query, etag)

    def list_tasks(
        self, job_id: str, which: Which | None = "all", *, changed_since: int | None = None
    ) -> Iterator[Task]:
        """Every task of a job, or its failed ones, or those counted anew since its `seq` was `changed_since`."""
        cursor: str | None = None
        while True:
            page = self.get_job(job_id, tasks=which, changed_since=changed_since, cursor=cursor)
            if page is None:
                return
            yield from page.tasks
            cursor = page.next_cursor
            if not cursor:
                return

    def list_jobs(self, project: str) -> Iterator[Job]:
        """A project's jobs, newest first."""
        return self._ask_pages(f"/v1/projects/{_id(project)}/jobs", "jobs", Job.parse)

    def cancel_job(self, job_id: str) -> CancelReceipt:
        """Stop a job: what has not begun is skipped, what is in flight finishes and counts."""
        return self._ask("POST", f"/v1/jobs/{_id(job_id)}/cancel", CancelReceipt.parse)

    def retry_failed(self, job_id: str) -> Reopened:
        """Reopen a job's failed tasks, as many as one call can; call it again while `has_more`."""
        return self._ask("POST", f"/v1/jobs/{_id(job_id)}/retry-failed", Reopened.parse)

    def retry_task(self, job_id: str, task_id: str) -> Reopened:
        """Reopen one failed task."""
        return self._ask("POST", f"/v1/jobs/{_id(job_id)}/tasks/{_id(task_id)}/retry", Reopened.parse)

    # ── the quality job of a project ──

    def start_quality_job(self, project: str, options: QualityOptions | None = None) -> StartedJob:
        """Score a project's images. ApiError `job_active`, with the job's id, while one is at it.

        A start whose answer was lost is tried again, and then finds its own job active.
        """
        return self._ask("POST", _analytics(project, "start-quality-job"), StartedJob.parse, params=_query(options))

    def plan_quality_job(self, project: str, options: QualityOptions | None = None) -> DryRun:
        """What start_quality_job would do; nothing is changed."""
        query = _query(options) | {"dry_run": True}
        return self._ask("POST", _analytics(project, "start-quality-job"), DryRun.parse, params=query)

    def get_quality_progress(self, project: str) -> Job | None:
        """The project's quality job, the running or the last one; None when there is none."""
        return self._ask(
            "GET",
            _analytics(project, "quality-progress"),
            lambda raw: None if raw["status"] == "idle" else Job.parse(raw),
        )

    def cancel_quality_job(self, project: str) -> CancelReceipt:
        """Stop the project's quality job, if one is running."""
        return self._ask("POST", _analytics(project, "cancel-quality-job"), CancelReceipt.parse)

    # ── presets ──

    def get_presets(self) -> PresetList:
        """The tenant's presets, the built-in ones first."""
        return self._ask_tagged("GET", "/v1/settings/presets", PresetList.parse)

    def set_presets(self, rows: Sequence[Mapping[str, Any]], *, if_match: str | None = None) -> PresetList:
        """Replace the tenant's rows, each a mapping as the API takes it; every preset as it then is.

        With `if_match`, the etag of what was read, ApiError `precondition_failed` when they were changed since.
        """
        headers = {"If-Match": if_match} if if_match else {}
        body = {"presets": list(rows)}
        return self._ask_tagged("PUT", "/v1/settings/presets", PresetList.parse, json=body, headers=headers)

    def start_rebuild(self, project: str, options: QualityOptions | None = None) -> StartedJob:
        """Make a project's renditions as the presets are now. ApiError `job_active` as with `start_quality_job`."""
        path = f"/v1/projects/{_id(project)}/renditions/rebuild"
        return self._ask("POST", path, StartedJob.parse, params=_query(options))

    # ── assets ──

    def get_asset(self, asset_id: str) -> Asset:
        """An asset with the renditions that are ready and its quality, as far as it is computed."""
        return self._ask("GET", f"/v1/assets/{_id(asset_id)}", Asset.parse)

    def list_assets(
        self, project: str, wanted: AssetFilter | None = None, *, page: int = 100
    ) -> Iterator[AssetSummary]:
        """A project's assets, newest first unless told otherwise. ApiError `unsupported_listing` for other pairs."""
        query = (wanted or AssetFilter()).to_query() | {"limit": page}
        return self._ask_pages(f"/v1/projects/{_id(project)}/assets", "assets", AssetSummary.parse, query)

    def get_statistics(self, project: str) -> Statistics:
        """What is counted of a project; zeros where there are no assets."""
        return self._ask("GET", f"/v1/projects/{_id(project)}/statistics", Statistics.parse)

    def list_duplicates(self, project: str) -> Iterator[DuplicateGroup]:
        """A project's groups of near-duplicates, each with the image to keep."""
        return self._ask_pages(f"/v1/projects/{_id(project)}/duplicates", "groups", DuplicateGroup.parse, {})

    def delete_asset(self, asset_id: str) -> None:
        """Delete an asset, with all that was made of it. ApiError `not_found` when there is none (any more)."""
        self._send("DELETE", f"/v1/assets/{_id(asset_id)}")

    def retry_asset(self, asset_id: str) -> Reopened:
        """Reopen what failed of an asset."""
        return self._ask("POST", f"/v1/assets/{_id(asset_id)}/retry", Reopened.parse)

    def get_rendition_url(self, asset_id: str, preset: str) -> str:
        """A short-lived URL of a rendition. ApiError `not_ready` while it is made, `rendition_failed` if it was not."""
        response = self._send("GET", f"/v1/assets/{_id(asset_id)}/renditions/{_id(preset)}")
        location = response.headers.get("Location")
        if not location:
            raise UnexpectedAnswer("The API gave no address for the rendition.")
        return urljoin(str(response.request.url), str(location))

    def get_rendition(self, asset_id: str, preset: str) -> bytes:
        """The bytes of a rendition. The key stays with the API: S3 refuses a request that carries it."""
        return self.storage.get(self.get_rendition_url(asset_id, preset))

    # ── comparing ──

    def compare_bytes(self, asset_id: str, image: bytes, content_type: str) -> Compared:
        """How far an image is from an asset's original and renditions. ApiError `body_too_large` asks for a grant."""
        return self._ask(
            "POST", _comparing(asset_id), Compared.parse, content=image, headers={"Content-Type": content_type}
        )

    def compare_assets(self, asset_id: str, other: str) -> Compared:
        """The same for the original of another asset."""
        return self._ask("POST", _comparing(asset_id), Compared.parse, json={"asset_id": other})

    def compare_scratch(self, asset_id: str, scratch_id: str) -> Compared:
        """The same for an image that was uploaded by grant_scratch."""
        return self._ask("POST", _comparing(asset_id), Compared.parse, json={"scratch_id": scratch_id})

    def grant_scratch(self, content_type: str, size: int) -> ScratchGrant:
        """A grant for an image of so many bytes that is only compared, and gone after a day."""
        body = {"content_type": content_type, "bytes": size}
        return self._ask("POST", "/v1/compare/grants", ScratchGrant.parse, json=body)

    # ── upkeep ──

    def list_poison(self) -> Iterator[PoisonRecord]:
        """The work that was given up, with what it died of."""
        return self._ask_pages("/v1/poison", "records", PoisonRecord.parse)

    def redrive(self, poison_id: str) -> Reopened:
        """Try the work of a poison record once more."""
        return self._ask("POST", f"/v1/poison/{_id(poison_id)}/redrive", Reopened.parse)

    def cleanup_sessions(self, *, cursor: str | None = None) -> Cleanup:
        """Remove expired jobs and their tasks, as many as one call can (admin keys only).

        While `has_more`, call it again with the `next_cursor`.
        """
        params = {"cursor": cursor} if cursor else {}
        return self._ask("POST", "/v1/admin/cleanup-sessions", Cleanup.parse, params=params)

    def purge(self, *, days: int = 30, dry_run: bool = True, cursor: str | None = None) -> Mapping[str, Any]:
        """What a purge found, and deleted unless it is a dry run (admin keys only).

        While `has_more`, call it again with the `next_cursor`.
        """
        params = {"days": days, "dry_run": str(dry_run).lower(), **({"cursor": cursor} if cursor else {})}
        return self._ask("POST", "/v1/purge", dict, params=params)

    def get_metrics(self, tenant_name: str) -> Metrics:
        """What a tenant has in storage, and may have; another's than the key's needs an admin key."""
        return self._ask("GET", f"/v1/metrics/tenants/{_id(tenant_name)}", Metrics.parse)

    def list_metrics(self) -> Iterator[Metrics]:
        """The same for every tenant (admin keys only)."""
        return self._ask_pages("/v1/metrics", "tenants", Metrics.parse)

    # ── tenants and keys ──

    def me(self) -> Me:
        """Whose key this is."""
        return self._ask("GET", "/v1/me", Me.parse)

    def list_projects(self) -> Iterator[Project]:
        """The tenant's projects, by name."""
        return self._ask_pages("/v1/projects", "projects", Project.parse)

    def create_tenant(self, name: str) -> Tenant:
        """A tenant, or the one that has the name already (admin keys only)."""
        return self._ask("POST", "/v1/tenants", Tenant.parse, json={"name": name})

    def list_tenants(self) -> Iterator[Tenant]:
        """All tenants (admin keys only)."""
        return self._ask_pages("/v1/tenants", "tenants", Tenant.parse)

    def get_tenant(self, tenant_id: str) -> Metrics:
        """What a tenant has in storage, and may have, by its id (admin keys only)."""
        return self._ask("GET", f"/v1/tenants/{_id(tenant_id)}", Metrics.of_tenant)

    def set_quotas(self, tenant_id: str, quotas: Quotas | None = None) -> Tenant:
        """Replace all quotas of a tenant, by none unless given (admin keys only). Open sessions keep what they had."""
        wanted = asdict(quotas or Quotas())
        return self._ask("PUT", f"/v1/tenants/{_id(tenant_id)}/quotas", Tenant.parse, json=wanted)

    def create_key(
        self, scopes: Sequence[str], *, label: str = "", expires_at: str | None = None, tenant_id: str | None = None
    ) -> Key:
        """A new API key, its `key` told this once (admin keys only). `expires_at` in ISO 8601 with its time zone."""
        wanted = {"scopes": list(scopes), "label": label, "expires_at": expires_at, "tenant_id": tenant_id}
        given = {name: value for name, value in wanted.items() if value is not None}
        return self._ask("POST", "/v1/keys", Key.parse, json=given)

    def list_keys(self, tenant_id: str | None = None) -> tuple[Key, ...]:
        """A tenant's keys, one's own unless told otherwise (admin keys only)."""
        query = {"tenant_id": tenant_id} if tenant_id else {}
        return self._ask("GET", "/v1/keys", _keys, params=query)

    def revoke_key(self, key_id: str) -> Key:
        """Let a key work no longer, within a minute (admin keys only)."""
        return self._ask("DELETE", f"/v1/keys/{_id(key_id)}", Key.parse)

    def rotate_key(self, key_id: str, *, grace_s: int = 86_400) -> Key:
        """A new key in place of this one, which goes on for `grace_s` seconds (admin keys only)."""
        return self._ask("POST", f"/v1/keys/{_id(key_id)}/rotate", Key.parse, json={"grace_s": grace_s})

    def open_ticket(self) -> Ticket:
        """A ticket for one WebSocket."""
        return self._ask("POST", "/v1/realtime/tickets", Ticket.parse)

    def health(self) -> Mapping[str, Any]:
        """What the API says of itself; needs no key."""
        return self._ask("GET", "/healthz", dict)

    def ready(self) -> Mapping[str, Any]:
        """The same, once its tables could be read; ApiError `try_again` while they cannot."""
        return self._ask("GET", "/readyz", dict)


def _keys(raw: Mapping[str, Any]) -> tuple[Key, ...]:
    return tuple(Key.parse(key) for key in raw["keys"])


def _analytics(project: str, verb: str) -> str:
    return f"/v1/projects/{_id(project)}/analytics/{verb}"


def _comparing(asset_id: str) -> str:
    return f"/v1/assets/{_id(asset_id)}/compare"


def _query(options: QualityOptions | None) -> dict[str, Any]:
    return (options or QualityOptions()).to_query()


def _id(value: str) -> str:
    return quote(value, safe="")
