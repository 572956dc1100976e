"""The demo's files on the deployed template: verdicts, pixels, and that nothing moves when it comes twice."""

import io
import json
import time
from dataclasses import replace

import pytest
from PIL import Image

from darkroom import Client, Task, Verdict
from shared.domain.keys import OriginalKey
from shared.domain.presets import BUILT_IN, fit
from tests.e2e.conftest import PATIENCE_S, Aws, Demo
from tools.demo_photos import EXPECTED
from tools.stack import Stack


def verdict_of(demo: Demo, name: str) -> Verdict:
    return next(verdict for verdict in demo.report.verdicts if verdict.file.path.name == name)


def picture(client: Client, asset_id: str, preset: str) -> Image.Image:
    return Image.open(io.BytesIO(client.get_rendition(asset_id, preset)))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_file_gets_its_verdict(demo: Demo, name: str) -> None:
    verdict = verdict_of(demo, name)

    assert (verdict.code or verdict.outcome) in EXPECTED[name]


def test_same_bytes_are_one_asset(demo: Demo) -> None:
    pair = [verdict_of(demo, "coffee.jpg"), verdict_of(demo, "coffee_again.jpg")]

    assert {verdict.outcome for verdict in pair} == {"created", "exists"}
    assert len({verdict.asset_id for verdict in pair}) == 1


def test_session_completes_and_its_counters_add_up(client: Client, demo: Demo) -> None:
    job = client.get_job(demo.report.jobs[0].job_id)

    assert job is not None
    assert job.status == "completed"
    assert (job.processed, job.failed, job.skipped, job.remaining) == (14, 4, 0, 0)
    assert job.processed + job.failed == job.total


def test_refusal_carries_the_limit_and_what_was_measured(demo: Demo) -> None:
    verdict = verdict_of(demo, "claims_50000x50000.png")

    assert (verdict.limit, verdict.measured) == (30_000, 50_000)


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if "created" in expected])
def test_every_rendition_has_its_size_to_the_pixel_and_no_metadata(client: Client, demo: Demo, name: str) -> None:
    asset = client.get_asset(verdict_of(demo, name).asset_id or "")

    pictures = {preset.name: picture(client, asset.asset_id, preset.name) for preset in BUILT_IN}

    expected = {preset.name: fit(asset.width, asset.height, preset.box) for preset in BUILT_IN}
    assert {preset: image.size for preset, image in pictures.items()} == expected
    assert {rendition.preset: (rendition.width, rendition.height) for rendition in asset.renditions} == expected
    assert all(not image.getexif() and "icc_profile" not in image.info for image in pictures.values())


def test_orientation_is_baked_in(client: Client, demo: Demo) -> None:
    """The same photo, stored on its side with a note to turn it, looks the same as the upright one."""
    upright = picture(client, verdict_of(demo, "rocket.jpg").asset_id or "", "card").convert("L")
    turned = picture(client, verdict_of(demo, "rocket_on_its_side.jpg").asset_id or "", "card").convert("L")

    difference = [abs(a - b) for a, b in zip(upright.tobytes(), turned.tobytes(), strict=True)]

    assert upright.size == turned.size
    assert sum(difference) / len(difference) < 4


def test_bad_photos_score_lower_and_say_why(client: Client, demo: Demo) -> None:
    sharp, blurred, dark = (
        client.get_asset(verdict_of(demo, name).asset_id or "").quality
        for name in ("coffee.jpg", "coffee_blurred.jpg", "coffee_dark.jpg")
    )

    assert sharp is not None
    assert blurred is not None
    assert dark is not None
    assert (sharp.sharpness or 0) > (blurred.sharpness or 0)
    assert "blur" in blurred.issues
    assert "low_brightness" in dark.issues


def test_redelivered_upload_event_changes_nothing(client: Client, demo: Demo, stack: Stack, aws: Aws) -> None:
    job_id = demo.report.jobs[0].job_id
    before, tasks = client.get_job(job_id), unsigned(client, job_id)
    events = [
        {
            "s3": {
                "object": {
                    "key": str(OriginalKey(asset_tenant(stack, aws), job_id, task.task_id)),
                    "versionId": version,
                }
            }
        }
        for task in tasks
        for version in versions(aws, stack, f"{job_id}/{task.task_id}")
    ]

    for event in events:
        aws("sqs").send_message(
            QueueUrl=stack.outputs["ValidationQueueUrl"], MessageBody=json.dumps({"Records": [event]})
        )
    wait_until_quiet(aws, stack)

    assert len(events) == 13
    assert client.get_job(job_id) == before
    assert unsigned(client, job_id) == tasks


def test_redelivered_stream_batch_changes_nothing(client: Client, demo: Demo, stack: Stack, aws: Aws) -> None:
    job_id = demo.report.jobs[0].job_id
    before = client.get_job(job_id)
    records = [
        {"dynamodb": {"Keys": {"pk": {"S": f"JOB#{job_id}"}, "sk": {"S": f"TASK#{task.task_id}"}}}}
        for task in client.list_tasks(job_id)
    ]

    answer = aws("lambda").invoke(
        FunctionName=stack.outputs["ProgressFunctionName"], Payload=json.dumps({"Records": records * 2})
    )

    assert "FunctionError" not in answer
    assert client.get_job(job_id) == before


def test_redelivered_work_changes_nothing(client: Client, demo: Demo, stack: Stack, aws: Aws) -> None:
    verdict = verdict_of(demo, "cat.jpg")
    before, asset = client.get_job(verdict.job_id), client.get_asset(verdict.asset_id or "")
    tenant = asset_tenant(stack, aws)
    (version,) = versions(aws, stack, f"{verdict.job_id}/{verdict.task_id}")
    request = {
        "job_id": verdict.job_id,
        "task_id": verdict.task_id,
        "epoch": 1,
        "tenant": tenant,
        "asset_id": verdict.asset_id,
        "creator": f"{verdict.job_id}.{verdict.task_id}",
        "original": {"key": str(OriginalKey(tenant, verdict.job_id, verdict.task_id)), "version_id": version},
        "width": asset.width,
        "height": asset.height,
    }

    for queue in ("RenditionsQueueUrl", "QualityQueueUrl"):
        aws("sqs").send_message(QueueUrl=stack.outputs[queue], MessageBody=json.dumps(request))
    wait_until_quiet(aws, stack)

    assert client.get_job(verdict.job_id) == before
    assert client.get_asset(verdict.asset_id or "").quality == asset.quality


def test_originals_bucket_holds_what_is_an_asset_and_nothing_else(demo: Demo, stack: Stack, aws: Aws) -> None:
    job_id = demo.report.jobs[0].job_id

    listed = aws("s3").list_object_versions(Bucket=stack.outputs["OriginalsBucketName"])

    tasks = {found["Key"].rsplit("/", 1)[1] for found in listed["Versions"] if job_id in found["Key"]}

    assert tasks == {verdict.task_id for verdict in demo.report.verdicts if verdict.outcome == "created"}


def unsigned(client: Client, job_id: str) -> list[Task]:
    """A job's tasks without their URLs, which are signed anew each time."""
    return [replace(task, thumbnail_url=None) for task in client.list_tasks(job_id)]


def asset_tenant(stack: Stack, aws: Aws) -> str:
    """The tenant's id, as the keys of its originals say it."""
    listed = aws("s3").list_objects_v2(Bucket=stack.outputs["OriginalsBucketName"], Prefix="originals/")
    return str(listed["Contents"][0]["Key"].split("/")[1])


def versions(aws: Aws, stack: Stack, task: str) -> list[str]:
    listed = aws("s3").list_object_versions(Bucket=stack.outputs["OriginalsBucketName"])
    return [found["VersionId"] for found in listed["Versions"] if found["Key"].endswith(task)]


def wait_until_quiet(aws: Aws, stack: Stack, timeout_s: float = PATIENCE_S) -> None:
    """Until no work queue holds a message, seen or unseen, for two looks in a row."""
    deadline, quiet = time.monotonic() + timeout_s, 0
    while quiet < 2:
        assert time.monotonic() < deadline, "the queues never emptied"
        time.sleep(0.5)
        urls = [url for name, url in stack.outputs.items() if name.endswith("QueueUrl")]
        quiet = 0 if any(waiting(aws, url) for url in urls) else quiet + 1


def waiting(aws: Aws, url: str) -> int:
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=counts)["Attributes"]
    return sum(int(found[name]) for name in counts)
