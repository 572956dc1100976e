"""Jobs and tasks, as a new session has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from shared.domain.asset import Asset, Original, StoredRendition
from shared.domain.ids import asset_id_of, job_id_at, task_id_at
from shared.domain.job import Job, JobKind, open_job
from shared.domain.projection import Projection, project
from shared.domain.stage import Stage
from shared.domain.task import UPLOAD_STAGES, Mark, StageStatus, Task, TaskError, TaskStatus, pending
from tests.cloud import Cloud, table
from tests.world import PROJECT, START, TENANT, World

NOW = START
LATER = START + timedelta(seconds=1)
JOB = job_id_at(START, bytes(10))
STRANGER = "tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz"
VERDICT = TaskError("too_many_pixels", "The image has more pixels than allowed", limit=100, measured=101)


def new_tasks(size: int) -> list[Task]:
    stages = pending(UPLOAD_STAGES)
    return [
        Task(JOB, task_id_at(i), f"{i}.jpg", stages, Mark(stages, TaskStatus.PENDING), content_type="image/jpeg")
        for i in range(size)
    ]


def new_job(tasks: list[Task]) -> Job:
    return open_job(JOB, JobKind.UPLOAD, TENANT, PROJECT, tasks, NOW)


def create(world: World, size: int = 1, **changes: object) -> Job:
    """Store a session of so many tasks; `changes` are fields of its job."""
    tasks = new_tasks(size)
    job = replace(new_job(tasks), **changes)  # type: ignore[arg-type]
    world.jobs.create(job, tasks)
    return job


def read_both(world: World, *task_ids: str) -> tuple[Job, list[Task]]:
    job, tasks = world.jobs.read_with_tasks(JOB, task_ids)
    assert job is not None
    return job, tasks


def projected(job: Job, tasks: list[Task]) -> Projection:
    projection = project(job, tasks, LATER)
    assert projection is not None
    return projection


def rows(cloud: Cloud, name: str) -> list[dict[str, object]]:
    """Everything that is in a table."""
    found: list[dict[str, object]] = table(name).scan()["Items"]
    return found


def delete(cloud: Cloud, sk: str) -> None:
    """What TTL does to one row of the job."""
    table(cloud.jobs_table).delete_item(Key={"pk": f"JOB#{JOB}", "sk": sk})


def new_asset(content: str = "0" * 64, **changes: object) -> Asset:
    asset = Asset(
        asset_id=asset_id_of(TENANT, PROJECT, content),
        tenant=TENANT,
        project=PROJECT,
        creator=f"{JOB}.t00000",
        filename="0.jpg",
        content_hash=content,
        original=Original(f"originals/{TENANT}/{JOB}/t00000", "v1"),
        format="jpeg",
        width=40,
        height=30,
        bytes=1000,
        color_space="sRGB",
        created_at=NOW,
        exif={"Make": "Darkroom"},
        stages={**pending(UPLOAD_STAGES), Stage.VALIDATION: StageStatus.COMPLETED},
    )
    return replace(asset, **changes)  # type: ignore[arg-type]


def new_renditions(**bytes_by_preset: int) -> list[StoredRendition]:
    return [
        StoredRendition(preset, f"renditions/{preset}.jpg", "jpeg", 40, 30, size, 85, "recipe", "")
        for preset, size in bytes_by_preset.items()
    ]


def nonzero(counts: Mapping[Any, int]) -> dict[Any, int]:
    return {name: n for name, n in counts.items() if n}
