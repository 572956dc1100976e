"""A whole Darkroom in one process: the real use cases on moto, with the deliveries in the test's hands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, TypeVar

from shared.domain.asset import Asset
from shared.domain.dispatch import QualityOptions
from shared.domain.grave import Grave
from shared.domain.job import Job, JobKind
from shared.domain.keys import ORIGINALS, RENDITIONS, OriginalKey
from shared.domain.limits import Limits
from shared.domain.stage import Stage
from shared.domain.task import Task
from shared.messages import (
    AssetRequest,
    DispatchStep,
    Message,
    PresetRequest,
    RenditionsOrder,
    ScoreRequest,
    UploadedObject,
    UploadEvent,
    opened,
)
from shared.schemas import CreateUpload, Purged, PurgeRound, QualityJobStarted, SetPresets, UploadCreated
from shared.stores import rows
from shared.stores.catalog import CatalogStore
from shared.stores.dynamo import dynamodb, unmarshal
from shared.stores.hashes import HashStore
from shared.stores.images import OriginalStore, RenditionStore
from shared.stores.manifests import ManifestStore
from shared.stores.presets import PresetStore
from shared.stores.queues import Queue
from shared.stores.rounds import RoundStore
from shared.stores.tenants import TenantStore
from shared.stores.usage import UsageStore
from shared.streams import changed_tasks
from shared.usecases.count_progress import count_progress
from shared.usecases.create_upload import Sessions, create_upload
from shared.usecases.dispatch_job import Dispatching, dispatch_job
from shared.usecases.find_rendition import Finding, find_rendition
from shared.usecases.handle_dead_letter import handle_dead_letter
from shared.usecases.list_images import Listing
from shared.usecases.make_rendition import make_rendition
from shared.usecases.make_renditions import RenditionWork, make_renditions
from shared.usecases.purge import Purging, purge
from shared.usecases.purge_round import Nightly, purge_round
from shared.usecases.reconcile_jobs import Reconciling, reconcile_jobs
from shared.usecases.retry_tasks import Retrying
from shared.usecases.score_assets import ScoreWork, score_assets
from shared.usecases.send_work import Lanes
from shared.usecases.set_presets import set_presets
from shared.usecases.start_job import Starting, start_job
from shared.usecases.sweep_strays import Sweeping, sweep_originals, sweep_renditions
from shared.usecases.validate_upload import Validation, validate_upload
from shared.wiring import workbench
from tests.cloud import Cloud, client, table
from tests.snapshot import restore, taken

T = TypeVar("T")
Moment = tuple[bytes, datetime, dict[str, str]]
"""What moto holds, what time it is, and how far the stream was read."""

STALL_S = 600
TENANT = "tenant_00000000000000000000000000"
PROJECT = "shop"
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
END = datetime(9000, 1, 1, tzinfo=UTC)


class PromptQueue(Queue):
    """A queue whose delayed messages can be had at once: here time passes only when the test says so."""

    def send(self, message: Message, delay_s: int = 0) -> None:
        super().send(message)


@dataclass
class World:
    cloud: Cloud
    now: datetime = START
    _read: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        cloud = self.cloud
        self.bench = workbench(cloud.jobs_table)
        self.jobs, self.tasks, self.poison = self.bench.jobs, self.bench.tasks, self.bench.poison
        self.catalog, self.tenants = CatalogStore(cloud.catalog_table), TenantStore(cloud.catalog_table)
        self.limits = Limits()
        self.originals = OriginalStore(cloud.originals_bucket, self.limits.max_bytes)
        self.renditions = RenditionStore(cloud.renditions_bucket)
        self.hashes = HashStore(cloud.catalog_table, cloud.renditions_bucket)
        self.purging = Purging(self.tenants, self.catalog, self.originals, self.renditions)
        self.sweeping = Sweeping(self.jobs, self.catalog, self.originals, self.renditions, most_strays=100)
        self.nightly = Nightly(RoundStore(cloud.catalog_table), self.purging, self.sweeping)
        self.manifests = ManifestStore(cloud.originals_bucket)
        urls = cloud.queue_urls
        self.queues = {name: PromptQueue(url) for name, url in urls.items()}
        self.lanes = Lanes(
            validation=self.queues["ValidationQueue"],
            renditions=self.queues["RenditionsQueue"],
            quality=self.queues["QualityQueue"],
            backfill=self.queues["BackfillQueue"],
            rebuild=self.queues["RebuildQueue"],
        )
        self.retrying = Retrying(self.jobs, self.tasks, self.catalog, self.lanes)
        self.used = UsageStore(cloud.catalog_table)
        self.sessions = Sessions(
            self.jobs, self.catalog, self.tenants, self.used, self.originals, self.limits.max_bytes
        )
        self.validation = Validation(
            self.bench, self.catalog, self.originals, self.lanes.renditions, self.lanes.quality, self.limits
        )
        self.presets = PresetStore(cloud.catalog_table)
        self.rendition_work = RenditionWork(self.bench, self.catalog, self.originals, self.renditions, self.presets)
        self.finding = Finding(self.catalog, self.presets, self.renditions, self.lanes.renditions, 60)
        self.score_work = ScoreWork(self.bench, self.catalog, self.originals, self.hashes, self.lanes.quality)
        listing = Listing(self.catalog, self.presets)
        self.starting = Starting(
            self.jobs,
            self.catalog,
            self.originals,
            self.manifests,
            self.queues["DispatchQueue"],
            self.retrying,
            listing,
        )
        self.dispatching = Dispatching(
            self.jobs,
            self.tasks,
            self.catalog,
            self.manifests,
            self.queues["DispatchQueue"],
            self.lanes.backfill,
            self.lanes.rebuild,
            listing,
        )
        self.reconciling = Reconciling(
            self.bench, self.retrying, self.originals, self.queues["DispatchQueue"], stall_s=STALL_S
        )

    def look_at(self, page: int) -> None:
        """Let the steps of a job's freezing look at so few images."""
        listing = replace(self.dispatching.listing, page=page)
        self.starting = replace(self.starting, listing=listing)
        self.dispatching = replace(self.dispatching, listing=listing)

    def clock(self) -> datetime:
        """Each look at the clock is a millisecond later than the last."""
        self.now += timedelta(milliseconds=1)
        return self.now

    # ── Going back ────────────────────────────────────────────────────────────────────────────────────────────────

    def moment(self) -> Moment:
        return taken(), self.now, dict(self._read)

    def go_back(self, moment: Moment) -> None:
        snapshot, self.now, read = moment
        self._read = dict(read)
        restore(snapshot)

    _told: ClassVar[dict[Callable[[World], Any], tuple[Any, Moment]]] = {}

    def once(self, story: Callable[[World], T]) -> T:
        """Let this happen to a new world: the first time in earnest, from then on as a copy of what came of it."""
        if story not in self._told:
            self._told[story] = story(self), self.moment()
        came, moment = self._told[story]
        self.go_back(moment)
        return came

    # ── What people do ────────────────────────────────────────────────────────────────────────────────────────

    def open_session(
        self, files: Iterable[bytes], sha256: str | None = None, tenant: str = TENANT, project: str = PROJECT
    ) -> UploadCreated:
        request = {
            "project": project,
            "files": [
                {"filename": f"{i}.jpg", "content_type": "image/jpeg", "bytes": len(body), "sha256": sha256}
                for i, body in enumerate(files)
            ],
        }
        return create_upload(CreateUpload.model_validate(request), tenant, self.sessions, self.clock)

    def set_presets(self, *rows: dict[str, Any]) -> None:
        set_presets(SetPresets.model_validate({"presets": rows}), TENANT, self.presets)

    def find_rendition(self, asset_id: str, preset: str) -> str:
        return find_rendition(asset_id, preset, TENANT, self.finding, self.clock)

    def put(self, job_id: str, task_id: str, body: bytes, tenant: str = TENANT) -> UploadedObject:
        """What S3 does with a presigned POST: a new version, and an event about it."""
        key = str(OriginalKey(tenant, job_id, task_id))
        stored = client("s3").put_object(Bucket=self.cloud.originals_bucket, Key=key, Body=body)
        return UploadedObject(key=key, version_id=stored["VersionId"], bytes=len(body))

    def upload(self, *files: bytes) -> tuple[str, list[UploadedObject]]:
        session = self.open_session(files)
        uploads = zip(session.uploads, files, strict=True)
        return session.job_id, [self.put(session.job_id, task.task_id, body) for task, body in uploads if task.upload]

    # ── What AWS delivers ─────────────────────────────────────────────────────────────────────────────────────

    def validate(self, uploaded: UploadedObject) -> None:
        validate_upload(uploaded, self.validation, self.clock)

    def render(self, request: AssetRequest | PresetRequest) -> None:
        if isinstance(request, PresetRequest):
            make_rendition(request, self.rendition_work, self.clock)
        else:
            make_renditions(request, self.rendition_work, self.clock)

    def score(self, request: ScoreRequest) -> None:
        score_assets(request, self.score_work, clock=self.clock)

    def backfill(self, request: ScoreRequest, has_time: Callable[[], bool] = lambda: True) -> None:
        score_assets(request, replace(self.score_work, queue=self.lanes.backfill), has_time, self.clock)

    def dispatch(self, request: DispatchStep, has_time: Callable[[], bool] = lambda: True) -> None:
        dispatch_job(request, self.dispatching, has_time, self.sleep, self.clock)

    def dead_letter(self, name: str, message: Message) -> None:
        """What happens to a message of this queue that the queue gave up on."""
        handle_dead_letter(message, self.STAGES[name], self.bench, self.retrying, self.clock)

    def purge(self, days: int = 30, *, is_dry_run: bool = False) -> Purged:
        return purge(days, self.purging, lambda: True, is_dry_run=is_dry_run, clock=self.clock)

    def purge_round(self, has_time: Callable[[], bool] = lambda: True, *, is_dry_run: bool = False) -> PurgeRound:
        return purge_round(30, self.nightly, has_time, is_dry_run=is_dry_run, clock=self.clock)

    def sweep(self, *, is_dry_run: bool = False) -> PurgeRound:
        """The walk along both buckets as if all in them were old."""
        now = self.clock()
        report = PurgeRound(dry_run=is_dry_run, purge_days=0, cutoff_date=now, errors=[])
        for walk in (sweep_renditions, sweep_originals):
            cursor = walk(None, report, self.sweeping, END, now)
            while cursor is not None:
                cursor = walk(cursor, report, self.sweeping, END, now)
        return report

    def reconcile(self, has_time: Callable[[], bool] = lambda: True) -> int:
        return reconcile_jobs(self.reconciling, has_time, self.clock)

    @staticmethod
    def time_for(steps: int) -> Callable[[], bool]:
        """A function with time for so many steps."""
        still = iter([True] * steps)
        return lambda: next(still, False)

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    HANDLERS: ClassVar[dict[str, tuple[type[Message | RenditionsOrder], Callable[..., None]]]] = {
        "ValidationQueue": (UploadEvent, lambda w, m: [w.validate(uploaded) for uploaded in m.objects]),
        "RenditionsQueue": (RenditionsOrder, lambda w, m: w.render(m)),
        "QualityQueue": (ScoreRequest, lambda w, m: w.score(m)),
        "DispatchQueue": (DispatchStep, lambda w, m: w.dispatch(m)),
        "BackfillQueue": (ScoreRequest, lambda w, m: w.backfill(m)),
        "RebuildQueue": (RenditionsOrder, lambda w, m: w.render(m)),
    }

    STAGES: ClassVar[dict[str, tuple[Stage, ...]]] = {
        "ValidationQueue": (Stage.VALIDATION,),
        "RenditionsQueue": (Stage.THUMBNAILS, Stage.VARIANTS),
        "QualityQueue": (Stage.QUALITY,),
        "DispatchQueue": (),
        "BackfillQueue": (Stage.QUALITY,),
        "RebuildQueue": (Stage.THUMBNAILS, Stage.VARIANTS),
    }

    def sent(self, name: str) -> list[Any]:
        """The messages sent to a queue since the last look, delayed ones included."""
        sqs, url = client("sqs"), self.cloud.queue_urls[name]
        model, _ = self.HANDLERS[name]
        found = []
        while received := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            for message in received:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(opened(model.model_validate_json(message["Body"])))
        return found

    def deliver(self, name: str, message: Message) -> None:
        self.HANDLERS[name][1](self, message)

    def work_off(self) -> None:
        """Deliver every message until there are none, then count."""
        while waiting := [(name, message) for name in self.HANDLERS for message in self.sent(name)]:
            for name, message in waiting:
                self.deliver(name, message)
        self.project()

    def facts(self) -> list[dict[str, Any]]:
        """The stream's records since the last look that pass the template's filter: what workers wrote."""
        streams = client("dynamodbstreams")
        shard = streams.describe_stream(StreamArn=self.cloud.stream_arn)["StreamDescription"]["Shards"][0]["ShardId"]
        after = self._read.get(shard)
        iterator = streams.get_shard_iterator(
            StreamArn=self.cloud.stream_arn,
            ShardId=shard,
            **(
                {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": after}
                if after
                else {"ShardIteratorType": "TRIM_HORIZON"}
            ),
        )["ShardIterator"]
        records: list[dict[str, Any]] = streams.get_records(ShardIterator=iterator)["Records"]
        if records:
            self._read[shard] = records[-1]["dynamodb"]["SequenceNumber"]
        return [
            record for record in records if record["dynamodb"].get("NewImage", {}).get("by", {}).get("S") == "worker"
        ]

    def project(self, records: list[dict[str, Any]] | None = None) -> None:
        event = {"Records": self.facts() if records is None else records}
        for job_id, task_ids in changed_tasks(event).items():
            count_progress(job_id, task_ids, self.jobs, self.clock)

    def run(self, uploads: Iterable[UploadedObject]) -> None:
        """Deliver everything once, in the usual order."""
        for uploaded in uploads:
            self.validate(uploaded)
        self.work_off()

    def start_quality_job(self, **options: Any) -> QualityJobStarted:
        is_resumed = options.pop("resume", False)
        return self._start_job(JobKind.QUALITY, is_resumed, options)

    def rebuild(self, **options: Any) -> QualityJobStarted:
        is_resumed = options.pop("resume", False)
        return self._start_job(JobKind.RENDITIONS, is_resumed, options)

    def _start_job(self, kind: JobKind, is_resumed: bool, options: dict[str, Any]) -> QualityJobStarted:
        return start_job(
            kind, TENANT, PROJECT, QualityOptions(**options), self.starting, self.clock, is_resumed=is_resumed
        )

    # ── What is then the case ─────────────────────────────────────────────────────────────────────────────────

    def job(self, job_id: str) -> Job:
        return self.jobs.read(job_id, self.now)

    def task(self, job_id: str, index: int = 0) -> Task:
        return self.all_tasks(job_id)[index]

    def all_tasks(self, job_id: str) -> list[Task]:
        return self.tasks.page(job_id, is_failed_only=False, changed_since=None, cursor=None).tasks

    def all_jobs(self) -> list[Job]:
        """Every job's row, in the order of their creation; also those that are past their time."""
        return [job for job, _ in self.all_jobs_with_tasks()]

    def all_jobs_with_tasks(self) -> list[tuple[Job, list[Task]]]:
        found = _scan(self.cloud.jobs_table)
        tasks = [rows.task_of(row) for row in found if row["sk"].startswith("TASK#")]
        jobs = sorted((rows.job_of(row) for row in found if row["sk"] == "JOB"), key=lambda job: job.job_id)
        return [(job, [task for task in tasks if task.job_id == job.job_id]) for job in jobs]

    def catalog_rows(self) -> list[dict[str, Any]]:
        return _scan(self.cloud.catalog_table)

    def all_assets(self) -> list[Asset]:
        found = [row for row in self.catalog_rows() if row["sk"] == "ASSET"]
        return sorted((rows.asset_of(row) for row in found), key=lambda asset: asset.asset_id)

    def all_graves(self) -> list[Grave]:
        return [rows.grave_of(row) for row in _scan(self.cloud.catalog_table) if "grave_of" in row]

    def stored(self) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
        """Bytes by key and version of all originals, and by key of all renditions."""
        originals, renditions = (
            client("s3").list_object_versions(Bucket=bucket).get("Versions", [])
            for bucket in (self.cloud.originals_bucket, self.cloud.renditions_bucket)
        )
        return (
            {(row["Key"], row["VersionId"]): row["Size"] for row in originals if row["Key"].startswith(ORIGINALS)},
            {row["Key"]: row["Size"] for row in renditions if row["Key"].startswith(RENDITIONS)},
        )

    def objects(self, bucket: str) -> set[str]:
        """Every version of every object, as `key@version`."""
        listed = client("s3").list_object_versions(Bucket=bucket)
        return {f"{found['Key']}@{found['VersionId']}" for found in listed.get("Versions", [])}

    def graves(self) -> list[dict[str, Any]]:
        """What the catalog's stream says of each grave."""
        pages = dynamodb().get_paginator("scan").paginate(TableName=self.cloud.catalog_table, ConsistentRead=True)
        found = [row for page in pages for row in page["Items"] if "buried" in row]
        return [
            {"eventName": "INSERT", "dynamodb": {"NewImage": row, "SequenceNumber": row["pk"]["S"]}} for row in found
        ]

    def usage(self, tenant: str = TENANT) -> dict[str, int]:
        """The tenant's counters, summed over their shards."""
        found = table(self.cloud.catalog_table).query(
            KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": f"USAGE#{tenant}"}
        )
        total: dict[str, int] = {}
        for row in found["Items"]:
            for name in row.keys() - {"pk", "sk"}:
                total[name] = total.get(name, 0) + int(row[name])
        return total


def _scan(table: str) -> list[dict[str, Any]]:
    pages = dynamodb().get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [unmarshal(row) for page in pages for row in page["Items"]]
