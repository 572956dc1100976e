"""The `darkroom` command. Data goes to stdout, progress and errors to stderr; one line for each error."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from darkroom import tables
from darkroom.api import Client
from darkroom.bars import JobBar, UploadBars
from darkroom.config import find_connection, find_state_dir, read_environment
from darkroom.downloads import download_renditions, safe_name
from darkroom.errors import DarkroomError, UnexpectedAnswer
from darkroom.models import Job
from darkroom.uploading import UploadReport, upload_files
from darkroom.verdicts import Verdict
from darkroom.wording import count

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
PIPE_WIDTH = 240

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Upload photos to Darkroom and fetch what it makes of them.",
)
# In a pipe nothing is folded to the width of a terminal that is not there.
out = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
err = Console(stderr=True)


class Tasks(StrEnum):
    """Which tasks to list."""

    all = "all"
    failed = "failed"


@dataclass(frozen=True, slots=True)
class Flags:
    """The options before the command."""

    url: str | None
    key: str | None = field(repr=False)
    profile: str | None

    def connect(self) -> Client:
        environment = read_environment()
        found = find_connection(url=self.url, key=self.key, profile=self.profile, environment=environment)
        return Client(found.url, found.key)


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
            raise Interrupted(bars.latest.sent_files, bars.latest.files_to_send) from None
    _print_report(report, as_json)
    raise typer.Exit(0 if report.is_fine else EXIT_FAILED)


@app.command()
def status(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="The id of a job.")],
    show: Annotated[Tasks | None, typer.Option("--tasks", help="List its tasks, or those that failed.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until it has ended.")] = False,
) -> None:
    """Show how far a job is."""
    with context.obj.connect() as client:
        out.print(tables.job_table(_follow(client, job, until_ended=watch)))
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
        _print_json(asdict(found))
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


class Interrupted(DarkroomError):
    """Ctrl-C during an upload."""

    def __init__(self, sent_files: int, files_to_send: int) -> None:
        sent = f"{sent_files:,} of {count(files_to_send, 'file')} sent" if files_to_send else "nothing was sent"
        super().__init__(f"Interrupted: {sent}. Run the same command again to resume.")


def main() -> None:
    """Run the command; errors of ours, and of this machine's disk, become one line on stderr."""
    try:
        app()
    except (DarkroomError, OSError) as error:
        err.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(EXIT_INTERRUPTED if isinstance(error, Interrupted) else EXIT_FAILED)


def _follow(client: Client, job_id: str, *, until_ended: bool) -> Job:
    latest: Job | None = None
    with JobBar(err, is_shown=until_ended) as bar:
        while True:
            latest = client.get_job(job_id, etag=latest.etag if latest else None) or latest
            if latest is None:
                raise UnexpectedAnswer("The API called a job unchanged that was not asked for before.")
            bar(latest)
            if latest.is_ended or not until_ended:
                return latest
            time.sleep(latest.poll_after_s)


def _print_report(report: UploadReport, as_json: bool) -> None:
    for label in report.skipped:
        err.print(f"skipped, no image: {label}", style="dim", markup=False, highlight=False, soft_wrap=True)
    if as_json:
        verdicts = [_verdict_json(verdict) for verdict in report.verdicts]
        _print_json({"jobs": [job.job_id for job in report.jobs], "files": verdicts, "skipped": list(report.skipped)})
        return
    out.print(tables.verdict_table(report.verdicts))
    out.print(tables.verdict_summary(report), highlight=False)
    for job in report.jobs:
        out.print(f"job {job.job_id}", highlight=False)


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    file = verdict.file
    local = {"path": str(file.path), "filename": file.name, "bytes": file.bytes, "sha256": file.sha256 or None}
    return local | {name: value for name, value in asdict(verdict).items() if name != "file"}


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))
