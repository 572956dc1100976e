"""Read the work that was given up, and take it up again."""

from __future__ import annotations

from dataclasses import asdict

from shared.clock import Clock, utc_now
from shared.domain.poison import POISON_ID
from shared.errors import Expired, InvalidRequest, JobCancelled, NotFound
from shared.schemas import PoisonList, PoisonView, Retried
from shared.stores.poison import PoisonStore
from shared.usecases.retry_asset import retry_asset
from shared.usecases.retry_tasks import Retrying, retry_task


def list_poison(tenant: str, cursor: str | None, poison: PoisonStore) -> PoisonList:
    """A tenant's poison records, those of its newest jobs first."""
    if cursor is not None and not POISON_ID.fullmatch(cursor):
        raise InvalidRequest("The cursor is none of ours.")
    page = poison.page(tenant, cursor)
    records = [PoisonView.model_validate(asdict(record)) for record in page.records]
    return PoisonList(records=records, next_cursor=page.next_cursor)


def redrive_poison(poison_id: str, tenant: str, poison: PoisonStore, on: Retrying, clock: Clock = utc_now) -> Retried:
    """Retry what a poison record is about, then drop the record: once redriven it is not found.

    Where the job is gone, its asset is retried in a job of its own.
    """
    record = poison.read(poison_id, tenant)
    try:
        retried = retry_task(record.job_id, record.task_id, tenant, on, clock)
    except (Expired, NotFound, JobCancelled):
        if record.asset_id is None:
            raise
        retried = retry_asset(record.asset_id, tenant, on, clock)
    poison.delete(poison_id, tenant)
    return retried
