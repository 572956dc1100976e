"""Do uploads wait behind a backfill? The time of single uploads without and with one at work, on the emulator.

`python -m benchmarks.lanes`. Both halves run on one stack, in one run, on the same cores: what counts is the ratio.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from darkroom import Client, NewFile, QualityOptions
from shared.stores.tenants import TenantStore
from tools.soak.chaos import clients_of
from tools.soak.dispatch import seed_assets
from tools.soak.images import draw
from tools.stack import throwaway_stack

BACKFILL, UPLOADS = "backfill", "uploads"
POLL_S = 0.05
TIMEOUT_S = 120


def upload_s(client: Client, path: Path) -> float:
    """Seconds from the end of the POST to the task completed."""
    session = client.create_upload(UPLOADS, [NewFile(path.name, "image/jpeg", path.stat().st_size)])
    grant = session.uploads[0].upload
    assert grant is not None  # noqa: S101 - a new file without a hash is always granted
    client.storage.post_file(grant, path, lambda _: None)
    started = time.monotonic()
    while time.monotonic() < started + TIMEOUT_S:
        job = client.get_upload(session.job_id)
        if job and job.is_ended:
            if job.status != "completed" or job.processed != 1:
                raise SystemExit(f"{session.job_id} ended as {job}")
            return time.monotonic() - started
        time.sleep(POLL_S)
    raise SystemExit(f"{session.job_id} did not end in {TIMEOUT_S} s")


def uploads_s(client: Client, folder: Path, seeds: range) -> list[float]:
    """The times of single uploads, one after the other, each of a new image."""
    times = []
    for seed in seeds:
        path = folder / f"{seed}.jpg"
        path.write_bytes(draw(seed))
        times.append(upload_s(client, path))
    return times


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=20, help="single uploads in each half")
    parser.add_argument("--assets", type=int, default=5000, help="assets of the backfill")
    options = parser.parse_args(argv)

    with (
        throwaway_stack({"Scale": "laptop"}, print) as stack,
        clients_of(stack),
        Client(stack.api_url, stack.tenant_key) as client,
        tempfile.TemporaryDirectory() as temporary,
    ):
        folder, count = Path(temporary), options.uploads
        uploads_s(client, folder, range(3))  # the workers' cold starts
        tenant = next(iter(TenantStore(stack.outputs["CatalogTableName"]).all_tenants()))
        seed_assets(stack, tenant, options.assets, BACKFILL)
        alone = uploads_s(client, folder, range(100, 100 + count))
        client.start_quality_job(BACKFILL, QualityOptions(batch_size=50))
        while (before := client.get_quality_progress(BACKFILL)) is None or not before.processed:
            time.sleep(0.2)
        beside = uploads_s(client, folder, range(1000, 1000 + count))
        after = client.get_quality_progress(BACKFILL)
        receipt = client.cancel_quality_job(BACKFILL)

    if after is None or after.is_ended:
        print("The backfill ended before the uploads did; give it more --assets", file=sys.stderr)
        return 1
    scored = after.processed - before.processed
    print(f"""single uploads, from the end of the POST to the task completed, {count} each
  alone              median {statistics.median(alone):.2f} s, longest {max(alone):.2f} s
  beside a backfill  median {statistics.median(beside):.2f} s, longest {max(beside):.2f} s
  ratio              {statistics.median(beside) / statistics.median(alone):.2f}
the backfill scored {scored} images meanwhile and had {after.remaining} left; its receipt {receipt.total} = \
{receipt.processed} + {receipt.failed} + {receipt.skipped} + {receipt.in_flight}""")
    return 0


if __name__ == "__main__":
    sys.exit(main())
