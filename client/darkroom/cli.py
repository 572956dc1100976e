"""The `darkroom` command. Data goes to stdout, progress and errors to stderr; one line for each error."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from darkroom import tables
from darkroom.api import Client
from darkroom.bars import JobBar, UploadBars
from darkroom.cli_access import keys, metrics, projects, tenants, whoami
from darkroom.cli_assets import duplicates, ls, rm, stats
from darkroom.cli_compare import compare
from darkroom.cli_jobs import backfill, cancel, jobs, retry
from darkroom.cli_presets import presets, rebuild
from darkroom.cli_upkeep import admin, poison
from darkroom.config import find_state_dir, read_environment
from darkroom.downloads import download_renditions, safe_name
from darkroom.errors import DarkroomError
from darkroom.models import Job
from darkroom.progress import Progress
from darkroom.terminal import EXIT_FAILED, EXIT_INTERRUPTED, Flags, Interrupted, err, note, out, print_json
from darkroom.uploading import UploadReport, upload_files
from darkroom.verdicts import Verdict
from darkroom.watching import read_job, watch
from darkroom.wording import count

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Upload photos to Darkroom, fetch what it makes of them, and look after its jobs.",
)


class Tasks(StrEnum):
    """Which tasks to list."""

    all = "all"
    failed = "failed"


@app.callback()
def options(
    context: typer.Context,
    url: Annotated[str | None, typer.Option(help="The API, up to and including /api (or DARKROOM_URL).")] = None,
    key: Annotated[str | None, typer.Option(help="The API key (or DARKROOM_KEY).")] = None,
    profile: Annotated[str | None, typer.Option(help="A profile in ~/.config/darkroom/config.toml.")] = None,
) -> None:
    """Options before the command."""
    context.obj = Flags(url, key, profile)


@app.command()
def upload(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders with images.")],
    project: Annotated[str, typer.Option("--project", "-p", help="The project that the images belong to.")],
    parallel: Annotated[int, typer.Option(min=1, max=64, help="How many files to send at a time.")] = 8,
    state_dir: Annotated[
        Path | None, typer.Option(help="Where interrupted uploads are remembered (or DARKROOM_STATE_DIR).")
    ] = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Show no bars.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdicts as JSON.")] = False,
) -> None:
    """Upload files and folders, and wait for a verdict on each. Run it again to resume.

    Exit status: 0 when every file is in, 1 when one was refused or failed, 130 when interrupted.
    """
    folder = find_state_dir(state_dir, read_environment())
    with context.obj.connect() as client, UploadBars(err, is_shown=not no_progress) as bars:
        try:
            report = upload_files(client, paths, project, parallel=parallel, state_dir=folder, on_progress=bars)
        except KeyboardInterrupt:
            raise _interrupted(bars.latest) from None
    _print_report(report, as_json)
    raise typer.Exit(0 if report.is_fine else EXIT_FAILED)


@app.command()
def status(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="The id of a job.")],
    show: Annotated[Tasks | None, typer.Option("--tasks", help="List its tasks, or those that failed.")] = None,
    is_watched: Annotated[bool, typer.Option("--watch", help="Wait until it has ended.")] = False,
) -> None:
    """Show how far a job is."""
    with context.obj.connect() as client:
        out.print(tables.job_table(_watch_bar(client, job) if is_watched else read_job(client, job)))
        if show:
            out.print(tables.task_table(client.list_tasks(job, show.value)))


@app.command()
def get(
    context: typer.Context,
    asset: Annotated[str, typer.Argument(help="The id of an asset.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show an asset with its renditions and quality."""
    with context.obj.connect() as client:
        found = client.get_asset(asset)
    if as_json:
        print_json(asdict(found))
        return
    out.print(tables.asset_table(found), tables.rendition_table(found))
    if found.quality:
        out.print(tables.quality_table(found.quality))


@app.command()
def renditions(
    context: typer.Context,
    asset: Annotated[str, typer.Argument(help="The id of an asset.")],
    folder: Annotated[Path | None, typer.Option("--out", help="Where to write; ./<asset id> if not given.")] = None,
    preset: Annotated[list[str] | None, typer.Option(help="Only this preset; may be given more than once.")] = None,
) -> None:
    """Download an asset's renditions."""
    with context.obj.connect() as client:
        found = client.get_asset(asset)
        for path in download_renditions(client, found, folder or Path(safe_name(asset)), presets=preset or ()):
            print(path)


for command in (ls, stats, duplicates, rm, compare, jobs, backfill, rebuild, cancel, retry, whoami, projects, metrics):
    app.command()(command)
app.add_typer(presets, name="presets")
app.add_typer(keys, name="keys")
app.add_typer(tenants, name="tenants")
app.add_typer(poison, name="poison")
app.add_typer(admin, name="admin")


def main() -> None:
    """Run the command; errors of ours, and of this machine's disk, become one line on stderr."""
    try:
        app()
    except (DarkroomError, OSError) as error:
        note(str(error), style="red")
        sys.exit(EXIT_INTERRUPTED if isinstance(error, Interrupted) else EXIT_FAILED)


def _watch_bar(client: Client, job_id: str) -> Job:
    with JobBar(err) as bar:
        for job in watch(client, job_id):
            bar(job)
    return job


def _interrupted(now: Progress) -> Interrupted:
    sent = f"{now.sent_files:,} of {count(now.files_to_send, 'file')} sent" if now.files_to_send else "nothing was sent"
    return Interrupted(f"Interrupted: {sent}. Run the same command again to resume.")


def _print_report(report: UploadReport, as_json: bool) -> None:
    for label in report.skipped:
        note(f"skipped, no image: {label}", style="dim")
    if as_json:
        verdicts = [_verdict_json(verdict) for verdict in report.verdicts]
        print_json({"jobs": [job.job_id for job in report.jobs], "files": verdicts, "skipped": list(report.skipped)})
        return
    out.print(tables.verdict_table(report.verdicts))
    out.print(tables.verdict_summary(report), highlight=False)
    for job in report.jobs:
        out.print(f"job {job.job_id}", highlight=False)


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    file = verdict.file
    local = {"path": str(file.path), "filename": file.name, "bytes": file.bytes, "sha256": file.sha256 or None}
    return local | {name: value for name, value in asdict(verdict).items() if name != "file"}
