"""The commands on jobs: jobs, backfill, cancel, retry."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Annotated

import typer

from darkroom import job_tables
from darkroom.actions import QualityOptions, Reopened
from darkroom.api import Client
from darkroom.backfilling import Start, follow, start_or_join
from darkroom.models import Job
from darkroom.terminal import EXIT_FAILED, Interrupted, is_interactive, note, out, print_json, say

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]


def jobs(
    context: typer.Context,
    project: Annotated[str, typer.Option("--project", "-p", help="The project whose jobs to list.")],
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List a project's jobs, newest first."""
    with context.obj.connect() as client:
        found = list(islice(client.list_jobs(project), limit))
    if as_json:
        print_json([job.to_json() for job in found])
    elif found:
        out.print(job_tables.jobs_table(found))
    else:
        note(f"project {project} has no jobs")


def backfill(  # noqa: PLR0913  # one for each option
    context: typer.Context,
    project: Annotated[str, typer.Option("--project", "-p", help="The project whose images to score.")],
    *,
    is_dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last job, its failed images too.")] = False,
    is_for_all: Annotated[bool, typer.Option("--all", help="Score every image anew, not only those without.")] = False,
    batch_size: Annotated[int, typer.Option(min=1, max=50, help="How many images a batch.")] = 10,
    delay_ms: Annotated[int, typer.Option(min=0, max=30_000, help="Milliseconds from batch to batch.")] = 2000,
    is_verbose: Annotated[bool, typer.Option("--verbose", help="Say of each image how it ended.")] = False,
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score a project's images, and watch. If a job is at it already, watch that one.

    Ctrl-C asks whether to cancel the job or leave it running; where nobody can be asked it is left running.
    Exit status: 0 when every image was scored, 1 when one failed or the job did not complete, 130 when left running.
    """
    options = QualityOptions(batch_size, delay_ms, only_missing=not is_for_all, resume=resume)
    with context.obj.connect() as client:
        if is_dry_run:
            _print_plan(client, project, options, as_json)
            return
        if not is_sure and is_interactive():
            typer.confirm(_question(project, options), abort=True, err=True)
        job = run_job(client, client.start_quality_job, project, options, is_verbose=is_verbose)
        print_summary(client, job, as_json)
    raise typer.Exit(0 if job.is_fine else EXIT_FAILED)


def cancel(
    context: typer.Context,
    job: Annotated[str | None, typer.Argument(help="The id of a job.")] = None,
    project: Annotated[
        str | None, typer.Option("--project", "-p", help="The project whose quality job to cancel.")
    ] = None,
) -> None:
    """Cancel a job, or a project's quality job. What is in flight finishes; exit status 0 also if there was nothing."""
    if (job is None) == (project is None):
        raise typer.BadParameter("Give either a job or --project.")
    with context.obj.connect() as client:
        receipt = client.cancel_job(job) if job else client.cancel_quality_job(project or "")
    for line in job_tables.receipt_lines(receipt):
        say(line)


def retry(
    context: typer.Context,
    job: Annotated[str | None, typer.Argument(help="The id of a job.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this task of the job.")] = None,
    asset: Annotated[str | None, typer.Option(help="What failed of this asset, instead of a job.")] = None,
) -> None:
    """Try again what failed: of a job, one task of it, or an asset."""
    if (job is None) == (asset is None) or (task and not job):
        raise typer.BadParameter("Give either a job, with or without --task, or --asset.")
    with context.obj.connect() as client:
        print_reopened(lambda: _retry_once(client, job or "", task, asset))


def print_reopened(call: Callable[[], Reopened]) -> None:
    """Call while there is more, and print what was reopened in all, and what was left by the last word on it."""
    answer = call()
    reopened = answer.reopened
    # A round that reopened nothing would be followed by the same one for ever.
    while answer.has_more and answer.reopened:
        answer = call()
        reopened += answer.reopened
    for line in job_tables.reopened_lines(answer, reopened):
        say(line)
    if answer.has_more:
        note("there is more that could not be reopened yet; run it again later")


def _retry_once(client: Client, job: str, task: str | None, asset: str | None) -> Reopened:
    if asset:
        return client.retry_asset(asset)
    return client.retry_task(job, task) if task else client.retry_failed(job)


def _question(project: str, options: QualityOptions) -> str:
    which = "the images of {} that have no score yet" if options.only_missing else "every image of {} anew"
    return f"Score {which.format(project)}, {options.batch_size} at a time, {options.delay_ms} ms apart?"


def run_job(client: Client, start: Start, project: str, options: QualityOptions, *, is_verbose: bool) -> Job:
    """Start the project's job, or join it, and follow it to its end."""
    try:
        target = start_or_join(client, start, project, options)
    except KeyboardInterrupt:
        raise Interrupted(f"Interrupted at the start; whether it began: darkroom jobs --project {project}") from None
    return follow(client, target, is_verbose=is_verbose)


def _print_plan(client: Client, project: str, options: QualityOptions, as_json: bool) -> None:
    plan = client.plan_quality_job(project, options)
    if as_json:
        print_json(plan.to_json())
        return
    for line in job_tables.plan_lines(plan):
        say(line)
    if plan.sample.would_fail:
        out.print(job_tables.would_fail_table(plan.sample))


def print_summary(client: Client, job: Job, as_json: bool) -> None:
    """How the job ended, with each image that failed."""
    failed = list(client.list_tasks(job.job_id, "failed")) if job.failed else []
    if as_json:
        print_json(job_tables.summary_json(job, failed))
        return
    for line in job_tables.summary_lines(job):
        say(line)
    if failed:
        out.print(job_tables.failed_table(failed))
