"""The commands on a project's assets: ls, stats, duplicates, rm."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from darkroom import tables
from darkroom.api import Client
from darkroom.cli_jobs import AsJson
from darkroom.listings import AssetFilter, AssetSummary, DuplicateGroup, Statistics
from darkroom.terminal import is_interactive, note, out, print_json, say
from darkroom.wording import count, moment, score, size

BLOCKS = " ▁▂▃▄▅▆▇█"

Project = Annotated[str, typer.Argument(help="The project.")]
Quality = Annotated[float | None, typer.Option(min=0, max=1, help="Overall quality, 0–1; sorts by it.")]


def ls(  # noqa: PLR0913  # one for each option
    context: typer.Context,
    project: Project,
    *,
    issue: Annotated[str | None, typer.Option(help="Only those with this issue.")] = None,
    category: Annotated[str | None, typer.Option(help="Only those of this suitability: high, medium or low.")] = None,
    min_quality: Quality = None,
    max_quality: Quality = None,
    sort: Annotated[str | None, typer.Option(help="created, scored, overall_quality, sharpness or uniqueness.")] = None,
    is_ascending: Annotated[bool, typer.Option("--asc", help="The least, or the oldest, first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List a project's assets, newest first."""
    wanted = AssetFilter(issue, category, min_quality, max_quality, sort, is_ascending)
    with context.obj.connect() as client:
        found = list(islice(client.list_assets(project, wanted, page=min(limit, 100)), limit))
    if as_json:
        print_json([asset.to_json() for asset in found])
    elif found:
        _print_assets(found)
    else:
        note(f"project {project} has no such assets")


def stats(context: typer.Context, project: Project, *, as_json: AsJson = False) -> None:
    """Show what is counted of a project, with a histogram of each metric from 0 to 1."""
    with context.obj.connect() as client:
        found = client.get_statistics(project)
    if as_json:
        print_json(found.to_json())
        return
    for line in statistics_lines(found):
        say(line)


def duplicates(
    context: typer.Context,
    project: Project,
    *,
    is_deleting: Annotated[bool, typer.Option("--delete", help="Delete the near-duplicates of each best one.")] = False,
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show groups of images that look alike, and which of each to keep."""
    with context.obj.connect() as client:
        groups = list(client.list_duplicates(project))
        if as_json:
            print_json([group.to_json() for group in groups])
        elif groups:
            _print_groups(groups)
        else:
            note(f"project {project} has no near-duplicates")
        # A group that grew while the pages were read is told twice, perhaps with another best.
        kept = {group.best for group in groups}
        others = dict.fromkeys(asset for group in groups for asset in group.others if asset not in kept)
        if is_deleting and others:
            _delete(client, list(others), is_sure)


def rm(
    context: typer.Context,
    assets: Annotated[list[str], typer.Argument(metavar="ASSET…", help="The ids of assets.")],
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
) -> None:
    """Delete assets, with all that was made of them. It cannot be undone."""
    with context.obj.connect() as client:
        _delete(client, assets, is_sure)


def _delete(client: Client, assets: list[str], is_sure: bool) -> None:
    if not is_sure:
        if not is_interactive():
            raise typer.BadParameter("Nobody can be asked here: give --yes.")
        typer.confirm(f"Delete {count(len(assets), 'asset')} for good?", abort=True, err=True)
    for asset in assets:
        client.delete_asset(asset)
        say(f"deleted {asset}")


def statistics_lines(found: Statistics) -> list[str]:
    """The counts, then a line of blocks for each metric."""
    lines = [f"{count(found.assets, 'asset')}, {size(found.bytes)}"]
    for name, counts in (("status", found.status), ("category", found.category), ("issues", found.issues)):
        parts = ", ".join(f"{number:,} {label}" for label, number in sorted(counts.items()))
        lines.append(f"{name}: {parts or 'none'}")
    return lines + [f"{metric:<16} 0 {blocks(counts)} 1" for metric, counts in found.histograms.items()]


def blocks(counts: tuple[int, ...]) -> str:
    """One block for each count, the highest for the largest; what is not zero shows."""
    top = max(counts, default=0) or 1
    return "".join(BLOCKS[-(-number * (len(BLOCKS) - 1) // top)] for number in counts)


def _print_assets(found: list[AssetSummary]) -> None:
    table = tables.new_table("Asset", "File", "Created", "Pixels", "Status", "Quality", "Category", "Issues")
    for asset in found:
        quality = asset.quality
        category = (quality.suitability or {}).get("category", "–") if quality else "–"
        table.add_row(
            asset.asset_id,
            tables.plain(asset.filename),
            moment(asset.created_at),
            f"{asset.width} × {asset.height}",
            tables.coloured(asset.status, asset.status),
            score(quality.overall_quality if quality else None),
            category,
            ", ".join(quality.issues) if quality else "",
        )
    out.print(table)


def _print_groups(groups: list[DuplicateGroup]) -> None:
    table = tables.new_table("Group", "Keep", "File", "Bits", "Quality", "Pixels", "Size", "Asset")
    for number, group in enumerate(groups, 1):
        marks = dict.fromkeys(group.staying, "stays") | {group.best: "keep"}
        for member in group.members:
            table.add_row(
                str(number),
                marks.get(member.asset_id, ""),
                tables.plain(member.filename),
                str(member.distance),
                score(member.overall_quality),
                f"{member.width} × {member.height}",
                size(member.bytes),
                member.asset_id,
            )
    out.print(table)
    if any(group.staying for group in groups):
        note('"stays": too far from the one to keep to go with the others; ask again when those are gone')
