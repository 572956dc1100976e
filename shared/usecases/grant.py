"""Grant an upload: a presigned POST for one task."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.domain.keys import OriginalKey
from shared.domain.task import Task
from shared.schemas import Grant, GrantedTask
from shared.stores.images import OriginalStore

GRANT_LIFETIME_S = 900


def granted_until(now: datetime) -> datetime:
    """When a grant given now stops working."""
    return now + timedelta(seconds=GRANT_LIFETIME_S)


def grant(task: Task, tenant: str, originals: OriginalStore, now: datetime, *, is_granted: bool = True) -> GrantedTask:
    """A task with the presigned POST for its file, if it is to have one now."""
    return GrantedTask(
        task_id=task.task_id,
        filename=task.filename,
        status=task.status,
        outcome=task.outcome if task.is_ended else None,
        asset_id=task.asset_id,
        upload=_sign(task, tenant, originals, now) if is_granted else None,
    )


def _sign(task: Task, tenant: str, originals: OriginalStore, now: datetime) -> Grant:
    key = str(OriginalKey(tenant, task.job_id, task.task_id))
    signed = originals.sign_post(key, task.content_type, task.bytes, GRANT_LIFETIME_S)
    return Grant(url=signed.url, fields=signed.fields, expires_at=granted_until(now))
