"""The commands for who keeps it running: poison records, and the cleanup of expired sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from darkroom import job_tables
from darkroom.api import Client
from darkroom.audit import audit_line
from darkroom.cli_jobs import AsJson, print_reopened
from darkroom.errors import ConfigError
from darkroom.terminal import EXIT_FAILED, err, note, out, print_json, say
from darkroom.wording import count, moment, size

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
def purge(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=0, help="Only what is older, from its creation.")] = 30,
    is_run: Annotated[bool, typer.Option("--run", help="Delete it; otherwise it is only counted.")] = False,
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> None:
    """Show what deleted images left behind, or delete it for good."""
    with context.obj.connect() as client:
        found = list(_purges(client, days, is_dry=True))
        due = sum(part["originals_to_delete"] + part["renditions_to_delete"] for part in found)
        say(f"{count(due, 'file')} to delete, created before {moment(found[0]['cutoff_date'])}")
        if not is_run or not due:
            return
        if not is_sure:
            typer.confirm("Delete them for good?", abort=True, err=True)
        for done in _purges(client, days, is_dry=False):
            say(f"{count(done['deleted_count'], 'file')} deleted, {size(done['deleted_bytes'])}")
            for error in done["errors"]:
                note(error, style="red")


def _purges(client: Client, days: int, *, is_dry: bool) -> Iterator[Mapping[str, Any]]:
    """One call after the other, until none has more."""
    cursor, has_more = None, True
    while has_more:
        found = client.purge(days=days, dry_run=is_dry, cursor=cursor)
        yield found
        cursor, has_more = found["next_cursor"], found["has_more"]


@admin.command()
def audit(
    stack_name: Annotated[
        str | None, typer.Option(help="A stack that your AWS profile can read; without it the local one.")
    ] = None,
    in_flight_s: Annotated[
        float, typer.Option(help="What nobody owns and is younger, in seconds, may be on its way: no difference.")
    ] = 900,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole result as JSON.")] = False,
) -> None:
    """Compare the ledger with the buckets, object by object, and name what differs.

    Exit status: 0 when they are equal, 1 when something differs.
    """
    try:
        from darkroom.audit_stack import audit_stack, find_place  # noqa: PLC0415 - boto3 is needed here alone
    except ImportError as error:
        raise ConfigError("The audit reads AWS itself, with boto3: pip install 'darkroom-client[audit]'") from error

    place = find_place(stack_name)
    with err.status("reading") as status:
        found = audit_stack(place, status.update, in_flight_s)
    if as_json:
        print_json({**asdict(found), "is_equal": found.is_equal})
    else:
        for tenant in found.tenants:
            say(audit_line(tenant))
        for difference in found.differences:
            say(difference.line, style="red")
    if not found.is_equal:
        raise typer.Exit(EXIT_FAILED)


@admin.command()
def cleanup(context: typer.Context) -> None:
    """Remove expired jobs and their tasks."""
    with context.obj.connect() as client:
        done = client.cleanup_sessions()
        removed_jobs, removed_tasks = done.removed_jobs, done.removed_tasks
        while done.next_cursor:
            done = client.cleanup_sessions(cursor=done.next_cursor)
            removed_jobs += done.removed_jobs
            removed_tasks += done.removed_tasks
    say(f"{count(removed_jobs, 'job')} and {count(removed_tasks, 'task')} removed")
