"""The commands for who keeps it running: poison records, and the cleanup of expired sessions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from darkroom import job_tables
from darkroom.cli_jobs import AsJson, print_reopened
from darkroom.terminal import note, out, print_json, say
from darkroom.wording import count

poison = typer.Typer(invoke_without_command=True, help="List the work that was given up, or try it again.")
admin = typer.Typer(no_args_is_help=True, help="For admin keys.")


@poison.callback()
def list_poison(context: typer.Context, as_json: AsJson = False) -> None:
    """List the work that was given up, and what it died of."""
    if context.invoked_subcommand:
        return
    with context.obj.connect() as client:
        records = list(client.list_poison())
    if as_json:
        print_json([asdict(record) for record in records])
    elif records:
        out.print(job_tables.poison_table(records))
    else:
        note("there are no poison records")


@poison.command()
def redrive(
    context: typer.Context, poison_id: Annotated[str, typer.Argument(metavar="ID", help="The id of a poison record.")]
) -> None:
    """Try the work of a poison record once more."""
    with context.obj.connect() as client:
        print_reopened(lambda: client.redrive(poison_id))


@admin.command()
def cleanup(context: typer.Context) -> None:
    """Remove expired jobs and their tasks."""
    with context.obj.connect() as client:
        done = client.cleanup_sessions()
        removed_jobs, removed_tasks = done.removed_jobs, done.removed_tasks
        # A round that removed nothing would be followed by the same one for ever.
        while done.has_more and (done.removed_jobs or done.removed_tasks):
            done = client.cleanup_sessions()
            removed_jobs += done.removed_jobs
            removed_tasks += done.removed_tasks
    say(f"{count(removed_jobs, 'job')} and {count(removed_tasks, 'task')} removed")
