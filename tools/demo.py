"""The demonstration: photos go through a running Darkroom, and what became of them is shown.

`python -m tools.demo --stack .local/stack.json [--photos FOLDER] [--out demo-output]`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from darkroom import Asset, Client, DarkroomError, UploadReport, Verdict, download_renditions, upload_files
from darkroom.bars import UploadBars
from darkroom.config import LOCAL_STACK, Connection, read_stack
from darkroom.downloads import safe_name
from darkroom.tables import verdict_summary
from darkroom.wording import reason, score
from tools.contact_sheet import ContactRow, write_contact_sheet

PROJECT = "demo"
# What the contact sheet shows, the best fit for its tiles first.
TILE_PRESETS = ("card", "thumb_600", "thumb_300", "thumb_150", "thumb")
PIPE_WIDTH = 160

out = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH, highlight=False)
err = Console(stderr=True)


@dataclass(frozen=True)
class Result:
    """A file's verdict, its asset if it has one, and the renditions on disk."""

    verdict: Verdict
    asset: Asset | None = None
    renditions: tuple[Path, ...] = ()


def main(argv: Sequence[str]) -> int:
    """Run the demonstration. Exit status 0 when the session completed, refused files or not."""
    options = _parse(argv)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            paths = [options.photos] if options.photos else _draw_photos(Path(scratch))
            return _show(read_stack(options.stack), options.stack, paths, options.out)
    except (DarkroomError, OSError) as error:
        err.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 1


def _show(connection: Connection, stack: Path, paths: list[Path], folder: Path) -> int:
    with Client(connection.url, connection.key) as client:
        with UploadBars(err) as bars:
            report = upload_files(client, paths, PROJECT, on_progress=bars)
        results = _fetch(client, report.verdicts, folder)
    out.print(_result_table(results))
    out.print(verdict_summary(report))
    sheet = folder / "contact-sheet.png"
    write_contact_sheet([_contact_row(result) for result in results], sheet)
    _print_next_steps(connection, stack, report, results, sheet)
    return 0 if all(job.status == "completed" for job in report.jobs) else 1


def _draw_photos(folder: Path) -> list[Path]:
    from tools.demo_photos import write_demo_photos  # noqa: PLC0415  # loads scikit-image, which own photos do not need

    return write_demo_photos(folder)


def _fetch(client: Client, verdicts: Sequence[Verdict], folder: Path) -> list[Result]:
    """The assets and their renditions, each file's in a folder named after it."""

    def fetch(verdict: Verdict, name: str) -> Result:
        if verdict.asset_id is None:
            return Result(verdict)
        asset = client.get_asset(verdict.asset_id)
        return Result(verdict, asset, tuple(download_renditions(client, asset, folder / name, parallel=2)))

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(fetch, verdicts, _folder_names(verdicts)))


def _folder_names(verdicts: Sequence[Verdict]) -> list[str]:
    """The files' stems; where two are the same, the later one gets a number."""
    names: list[str] = []
    for verdict in verdicts:
        stem = safe_name(verdict.file.path.stem)
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names


def _result_table(results: Sequence[Result]) -> Table:
    table = Table("File", "Verdict", box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("Width × height")
    table.add_column("Renditions", justify="right")
    table.add_column("Quality", justify="right")
    table.add_column("Issues, or why not")
    for result in results:
        verdict, asset = result.verdict, result.asset
        state = Text(verdict.outcome, style="green" if verdict.is_fine else "red")
        if asset is None:
            table.add_row(Text(verdict.file.name), state, "", "", "", Text(f"{verdict.code}: {reason(verdict)}"))
            continue
        table.add_row(
            Text(verdict.file.name),
            state,
            f"{asset.width} × {asset.height}",
            str(len(result.renditions)),
            score(asset.quality.overall_quality if asset.quality else None),
            ", ".join(asset.quality.issues) if asset.quality else "",
        )
    return table


def _contact_row(result: Result) -> ContactRow:
    verdict, asset = result.verdict, result.asset
    if asset is None:
        return ContactRow(verdict.file.name, verdict.file.bytes, verdict.outcome, reason=verdict.detail or verdict.code)
    by_preset = {path.stem: path for path in result.renditions}
    tiles = [by_preset[preset] for preset in TILE_PRESETS if preset in by_preset] or list(result.renditions)
    return ContactRow(
        verdict.file.name,
        verdict.file.bytes,
        verdict.outcome,
        asset.width,
        asset.height,
        asset.quality.overall_quality if asset.quality else None,
        asset.quality.issues if asset.quality else (),
        tiles[0] if tiles else None,
        "" if tiles else "no rendition",
    )


def _print_next_steps(
    connection: Connection, stack: Path, report: UploadReport, results: Sequence[Result], sheet: Path
) -> None:
    asset_id = next((result.asset.asset_id for result in results if result.asset), "ASSET")
    job_id = report.jobs[-1].job_id if report.jobs else "JOB"
    read_key = f"""KEY=$(python3 -c 'import json; print(json.load(open("{stack}"))["tenant_key"])')"""
    lines = [
        f"Renditions     {sheet.parent}/",
        f"Contact sheet  {sheet}",
        f"Console        {connection.url}/console  (sign in with tenant_key from {stack})",
        f"API            {connection.url}",
        "",
        "Try",
        f"  {read_key}",
        f'  curl -H "Authorization: Bearer $KEY" {connection.url}/v1/assets/{asset_id}',
        f'  export DARKROOM_URL={connection.url} DARKROOM_KEY="$KEY"',
        f"  darkroom status {job_id} --tasks failed",
        f"  darkroom renditions {asset_id} --preset card",
    ]
    if stack.resolve() == LOCAL_STACK.resolve():
        lines += ["", "Stop it with: make down"]
    out.print("\n".join(lines), markup=False, soft_wrap=True)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.demo", description="Watch photos go through Darkroom.")
    parser.add_argument("--stack", type=Path, default=LOCAL_STACK, help="the running stack (default: %(default)s)")
    parser.add_argument("--photos", type=Path, help="your own photos (default: ours, good and bad)")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="where to write (default: %(default)s)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
