"""What the command prints, as tables. Names and reasons are plain text: markup in them is not obeyed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from darkroom.bars import job_note
from darkroom.errors import bounds
from darkroom.files import printable
from darkroom.models import Asset, Job, Quality, Task
from darkroom.uploading import UploadReport
from darkroom.verdicts import Verdict
from darkroom.wording import count, reason, score, size

STYLES = {
    "created": "green",
    "completed": "green",
    "scored": "green",
    "exists": "cyan",
    "processing": "cyan",
    "pending": "dim",
}
BAD_STYLE = "red"
SCORES = ("overall_quality", "sharpness", "brightness", "contrast", "uniqueness", "red_avg", "green_avg", "blue_avg")


def verdict_table(verdicts: Iterable[Verdict]) -> Table:
    """What became of each file."""
    table = new_table("File", "Verdict", "Asset or reason")
    for verdict in verdicts:
        name = verdict.outcome if verdict.is_fine else f"{verdict.outcome} {verdict.code}".strip()
        what = verdict.asset_id or "" if verdict.is_fine else reason(verdict)
        table.add_row(plain(verdict.file.label), coloured(name, verdict.outcome), plain(what))
    return table


def verdict_summary(report: UploadReport) -> str:
    """'3 files: 2 created, 1 refused; 4 files skipped (no images)'."""
    counts = Counter(verdict.outcome for verdict in report.verdicts)
    parts = ", ".join(f"{number:,} {outcome}" for outcome, number in counts.most_common())
    line = count(len(report.verdicts), "file") + (f": {parts}" if parts else "")
    return line + (f"; {count(len(report.skipped), 'file')} skipped (no images)" if report.skipped else "")


def job_table(job: Job) -> Table:
    """A job's counts."""
    table = new_table("Job", job.job_id)
    rows = (
        ("kind", job.kind),
        ("project", job.project),
        ("status", job.status),
        ("progress", f"{job.progress_pct:.1f} %: {job_note(job)}"),
        ("waiting", f"{job.pending:,} pending, {job.processing:,} processing"),
        ("created", job.created_at),
        ("started", job.started_at),
        ("completed", job.completed_at),
        ("error", job.error),
    )
    for name, value in rows:
        if value:
            table.add_row(name, coloured(value, value) if name == "status" else plain(value))
    return table


def task_table(tasks: Iterable[Task]) -> Table:
    """A job's tasks."""
    table = new_table("Task", "File", "Status", "Asset or reason")
    for task in tasks:
        what = task_reason(task) or task.asset_id or ""
        status = task.outcome or task.status
        table.add_row(task.task_id, plain(task.filename), coloured(status, status), plain(what))
    return table


def task_reason(task: Task) -> str:
    """'too_many_pixels: Too many pixels [limit 100, measured 120]', or nothing for a task without an error."""
    if task.error is None:
        return ""
    return f"{task.error.code}: {task.error.detail}{bounds(task.error.limit, task.error.measured)}"


def asset_table(asset: Asset) -> Table:
    """An asset and its stages."""
    table = new_table("Asset", asset.asset_id)
    table.add_row("file", plain(asset.filename))
    table.add_row("project", plain(asset.project))
    table.add_row("original", f"{asset.format}, {asset.width} × {asset.height}, {size(asset.bytes)}")
    table.add_row("created", asset.created_at or "")
    for stage, status in asset.stages.items():
        error = asset.errors.get(stage)
        table.add_row(stage, coloured(status, f"{status}: {error.detail}" if error else status))
    return table


def rendition_table(asset: Asset) -> Table:
    """An asset's renditions."""
    table = new_table("Preset", "Format", "Size", "Bytes")
    for rendition in asset.renditions:
        pixels = f"{rendition.width} × {rendition.height}"
        table.add_row(plain(rendition.preset), rendition.format, pixels, size(rendition.bytes))
    return table


def quality_table(quality: Quality) -> Table:
    """An asset's scores."""
    table = new_table("Quality", quality.status)
    for name in SCORES:
        table.add_row(name, score(getattr(quality, name)))
    table.add_row("issues", ", ".join(quality.issues) or "none")
    if quality.suitability:
        table.add_row("suitability", f"{quality.suitability.get('score')} ({quality.suitability.get('category')})")
    if quality.nearest:
        table.add_row("nearest", f"{quality.nearest.get('asset_id')} at {quality.nearest.get('distance')} bits")
    return table


def new_table(*columns: str) -> Table:
    """An empty table in the one style that all have."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(plain(column), overflow="fold")
    return table


def plain(text: str) -> Text:
    """Someone else's text, made harmless."""
    return Text(printable(text))


def coloured(text: str, state: str) -> Text:
    """The text in the colour of a status or outcome."""
    return Text(printable(text), style=STYLES.get(state, BAD_STYLE))
