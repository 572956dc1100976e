"""The commands on presets: presets, presets set, rebuild."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from darkroom.actions import PresetList, QualityOptions
from darkroom.cli_jobs import AsJson, print_summary, run_job
from darkroom.job_tables import presets_table
from darkroom.terminal import EXIT_FAILED, out, print_json

presets = typer.Typer(invoke_without_command=True, help="List the presets that renditions are made by, or set them.")


@presets.callback()
def list_presets(context: typer.Context, as_json: AsJson = False) -> None:
    """List the tenant's presets, built-in and own. With --json as `presets set` takes them."""
    if context.invoked_subcommand:
        return
    with context.obj.connect() as client:
        _print(client.get_presets(), as_json)


@presets.command("set")
def set_presets(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.json", help='Rows, or {"presets": rows}.', exists=True)],
    if_match: Annotated[
        str | None, typer.Option(metavar="ETAG", help="Only if they are still those that --json showed with this etag.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Replace the tenant's rows by those of a file."""
    rows = _read_rows(file)
    with context.obj.connect() as client:
        _print(client.set_presets(rows, if_match=if_match), as_json)


def rebuild(  # one for each option
    context: typer.Context,
    project: Annotated[str, typer.Argument(metavar="PROJECT", help="The project whose renditions to make.")],
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last job, its failed images too.")] = False,
    is_for_all: Annotated[bool, typer.Option("--all", help="Every image, not only those that lack one.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, max=50, help="How many images a batch.")] = 50,
    delay_ms: Annotated[int, typer.Option(min=0, max=30_000, help="Milliseconds from batch to batch.")] = 0,
    is_verbose: Annotated[bool, typer.Option("--verbose", help="Say of each image how it ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a project's renditions as the presets are now, and watch. If a job is at it already, watch that one."""
    options = QualityOptions(batch_size, delay_ms, only_missing=not is_for_all, resume=resume)
    with context.obj.connect() as client:
        job = run_job(client, client.start_rebuild, project, options, is_verbose=is_verbose)
        print_summary(client, job, as_json)
    raise typer.Exit(0 if job.is_fine else EXIT_FAILED)


def _read_rows(file: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise typer.BadParameter(f"{file} is not JSON.") from error
    rows = found.get("presets") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise typer.BadParameter(f"{file} holds no list of presets.")
    return rows


def _print(found: PresetList, as_json: bool) -> None:
    if as_json:
        print_json(asdict(found))
    else:
        out.print(presets_table(found.presets))
