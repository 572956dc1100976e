"""What the commands on jobs print: jobs, failed images, poison records, and summaries in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table

from darkroom.actions import CancelReceipt, DryRun, PoisonRecord, Preset, Reopened, Sample
from darkroom.models import Job, Task
from darkroom.tables import coloured, new_table, plain, task_reason
from darkroom.timing import Timing, timing
from darkroom.wording import average, count, duration, moment, rate

# Why a task is left as it is when others are retried.
LEFT = {
    "refused": "refused: the image itself is at fault",
    "expired": "expired: its upload never came",
}


def presets_table(presets: Iterable[Preset]) -> Table:
    """A tenant's presets."""
    table = new_table("Preset", "Box", "Format", "Quality", "Stage", "Made", "Recipe")
    for preset in presets:
        table.add_row(
            plain(preset.name),
            f"{preset.box[0]}×{preset.box[1]}",
            plain(preset.format),
            str(preset.quality),
            plain(preset.stage),
            plain(preset.mode.replace("_", " ") if preset.enabled else "off"),
            plain(preset.recipe),
        )
    return table


def jobs_table(jobs: Iterable[Job]) -> Table:
    """A project's jobs."""
    table = new_table("Job", "Kind", "Status", "Done", "Failed", "Started", "Took")
    for job in jobs:
        total = "?" if job.total is None else f"{job.total:,}"
        table.add_row(
            plain(job.job_id),
            plain(job.kind),
            coloured(job.status, job.status),
            f"{job.ended_tasks:,}/{total}",
            f"{job.failed:,}",
            moment(job.started_at),
            took(job),
        )
    return table


def took(job: Job) -> str:
    """How long an ended job took, a dash for any other."""
    elapsed_s = timing(job).elapsed_s
    return "–" if elapsed_s is None else duration(elapsed_s)


def failed_table(tasks: Iterable[Task]) -> Table:
    """Every failed image and why."""
    table = new_table("Failed image", "Asset", "Reason")
    for task in tasks:
        table.add_row(plain(task.filename), plain(task.asset_id or task.task_id), plain(task_reason(task)))
    return table


def would_fail_table(sample: Sample) -> Table:
    """What would fail of a sample."""
    table = new_table("Would fail", "Asset", "Reason")
    for image in sample.would_fail:
        table.add_row(plain(image.filename), plain(image.asset_id), plain(f"{image.code}: {image.detail}"))
    return table


def poison_table(records: Iterable[PoisonRecord]) -> Table:
    """The work that was given up."""
    table = new_table("Poison", "Job", "Task", "Stage", "Attempts", "Failed", "Reason")
    for record in records:
        reason = plain(f"{record.code}: {record.detail}")
        table.add_row(
            plain(record.poison_id),
            plain(record.job_id),
            plain(record.task_id),
            plain(record.stage),
            f"{record.attempts:,}",
            moment(record.failed_at),
            reason,
        )
    return table


def plan_lines(plan: DryRun) -> list[str]:
    """What a quality job would do, in words."""
    images = "an unknown number of images" if plan.total_images is None else count(plan.total_images, "image")
    batches = "" if plan.batches is None else f" in {plan.batches:,} {'batch' if plan.batches == 1 else 'batches'}"
    time = "" if plan.expected_s is None else f", expected to take {duration(plan.expected_s)}"
    lines = [f"dry run: {images} would be scored{batches}{time}; nothing was changed"]
    if plan.sample.size:
        lines.append(f"of a sample of {count(plan.sample.size, 'image')}, {len(plan.sample.would_fail):,} would fail")
    return lines


def summary_lines(job: Job) -> list[str]:
    """How a job ended, in words."""
    counts = [f"{job.processed:,} succeeded", f"{job.failed:,} failed", f"{job.skipped:,} skipped"]
    if job.processing:
        counts.append(f"{job.processing:,} in flight")
    total = "images not counted" if job.total is None else count(job.total, "image")
    lines = [f"job {job.job_id} {job.status}{f': {job.error}' if job.error else ''}", f"{total}: {', '.join(counts)}"]
    if pace := _pace(timing(job)):
        lines.append(pace)
    return lines


def summary_json(job: Job, failed: Iterable[Task]) -> dict[str, Any]:
    """How a job ended, for programs."""
    known = timing(job)
    return {
        "job": job.to_json(),
        "took_s": known.elapsed_s,
        "average_s": known.average_s,
        "rate_per_s": known.rate_per_s,
        "failed_images": [
            {"task_id": task.task_id, "asset_id": task.asset_id, "filename": task.filename, "reason": task_reason(task)}
            for task in failed
        ],
    }


def receipt_lines(receipt: CancelReceipt) -> list[str]:
    """What became of a job that was to be cancelled; the counts add up to the total."""
    if not receipt.cancelled:
        why = receipt.message or f"the job is {receipt.status}."
        return [f"nothing to cancel: {why}"] + ([_sum(receipt)] if receipt.job_id else [])
    lines = [f"job {receipt.job_id} cancelled", _sum(receipt)]
    if receipt.in_flight:
        lines.append("what is in flight finishes and counts")
    return lines


def reopened_lines(answer: Reopened, reopened: int) -> list[str]:
    """What was reopened in all, and what was left and why."""
    lines = [f"{count(reopened, 'task')} reopened{f' in job {answer.job_id}' if answer.job_id else ''}"]
    lines += [f"{number:,} left, {LEFT.get(why, why)}" for why, number in answer.left.items() if number]
    if not reopened and answer.message:
        lines.append(answer.message)
    return lines


def _sum(receipt: CancelReceipt) -> str:
    parts = (
        f"{receipt.processed:,} succeeded + {receipt.failed:,} failed + "
        f"{receipt.skipped:,} skipped + {receipt.in_flight:,} in flight"
    )
    if receipt.total is None:
        return f"{parts}; the images were not counted yet"
    return f"{count(receipt.total, 'image')} {'=' if receipt.has_right_sum else 'but'} {parts}"


def _pace(known: Timing) -> str:
    parts = [] if known.elapsed_s is None else [f"took {duration(known.elapsed_s)}"]
    if known.average_s is not None and known.rate_per_s is not None:
        parts += [average(known.average_s), rate(known.rate_per_s)]
    return ", ".join(parts)
