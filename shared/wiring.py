"""The sets of stores that more than one function works with."""

from __future__ import annotations

from shared.settings import PurgeNames, PurgeSettings, QueueUrls
from shared.stores.catalog import CatalogStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.jobs import JobStore
from shared.stores.poison import PoisonStore
from shared.stores.queues import Queue
from shared.stores.rounds import RoundStore
from shared.stores.tasks import TaskStore
from shared.stores.tenants import TenantStore
from shared.usecases.attempt_stage import Workbench
from shared.usecases.purge import Purging
from shared.usecases.purge_round import Nightly
from shared.usecases.retry_tasks import Retrying
from shared.usecases.send_work import Lanes
from shared.usecases.sweep_strays import Sweeping


def workbench(jobs_table: str) -> Workbench:
    return Workbench(JobStore(jobs_table), TaskStore(jobs_table), PoisonStore(jobs_table))


def retrying(jobs_table: str, catalog_table: str, urls: QueueUrls) -> Retrying:
    lanes = Lanes(
        validation=Queue(urls.validation_queue_url),
        renditions=Queue(urls.renditions_queue_url),
        quality=Queue(urls.quality_queue_url),
        backfill=Queue(urls.backfill_queue_url),
        rebuild=Queue(urls.rebuild_queue_url),
    )
    return Retrying(JobStore(jobs_table), TaskStore(jobs_table), CatalogStore(catalog_table), lanes)


def nightly(settings: PurgeSettings) -> Nightly:
    on = purging(settings)
    sweeping = Sweeping(
        JobStore(settings.jobs_table), on.catalog, on.originals, on.renditions, settings.purge_most_strays
    )
    return Nightly(RoundStore(settings.catalog_table), on, sweeping)


def purging(names: PurgeNames) -> Purging:
    return Purging(
        TenantStore(names.catalog_table),
        CatalogStore(names.catalog_table),
        OriginalStore(names.originals_bucket),
        RenditionStore(names.renditions_bucket),
    )
