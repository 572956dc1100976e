"""`darkroom backfill`: started or joined, followed, left, cancelled, summed up."""

import io
import json
import os
import signal
import sys

import pytest

from darkroom import Client
from darkroom.terminal import err
from tests.client.conftest import Run
from tests.client.fake_api import FakeApi
from tests.client.fake_jobs import FakeJob


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Someone sits there; what they type is written into it."""

    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    typed = Keyboard()
    monkeypatch.setattr(sys, "stdin", typed)
    monkeypatch.setattr(err, "_force_terminal", True)
    return typed


@pytest.fixture
def interrupted(api: FakeApi) -> None:
    """Ctrl-C once, when two images are done."""

    def press(job: FakeJob) -> None:
        if job.seq == 3:
            os.kill(os.getpid(), signal.SIGINT)

    api.on_look = press


def test_summary_has_the_servers_counts_and_times_and_every_failed_image(run: Run, api: FakeApi) -> None:
    said = run("backfill", "-p", "p")

    assert said.status == 1
    assert said.out.startswith(
        "job q0 completed\n"
        "4 images: 3 succeeded, 1 failed, 0 skipped\n"
        "took 4 s, 1.00 s per image, 1.0 images a second\n"
    )
    assert "original_gone: The original no longer exists" in said.out
    assert api.asked[0] == {"batch_size": "10", "delay_ms": "2000", "only_missing": "true", "resume": "false"}


def test_backfill_without_a_failure_exits_with_zero(run: Run, api: FakeApi) -> None:
    api.images = ["a.jpg"]

    said = run("backfill", "-p", "p")

    assert said.status == 0
    assert "Failed image" not in said.out


def test_nothing_to_score_is_fine(run: Run, api: FakeApi) -> None:
    api.images = []

    said = run("backfill", "-p", "p")

    assert said.status == 0
    assert "0 images: 0 succeeded" in said.out


def test_options_of_the_command_reach_the_server(run: Run, api: FakeApi) -> None:
    run("backfill", "-p", "p", "--all", "--resume", "--batch-size", "50", "--delay-ms", "0", "--yes")

    assert api.asked == [{"batch_size": "50", "delay_ms": "0", "only_missing": "false", "resume": "true"}]


def test_dry_run_says_what_would_be_done_and_does_nothing(run: Run, api: FakeApi) -> None:
    said = run("backfill", "-p", "p", "--dry-run")

    assert said.status == 0
    assert "4 images would be scored in 2 batches, expected to take 1 min 15 s; nothing was changed" in said.out
    assert "of a sample of 3 images, 1 would fail" in said.out
    assert "original_gone: Gone" in said.out
    assert api.jobs == {}


def test_dry_run_is_given_as_json(run: Run) -> None:
    said = run("backfill", "-p", "p", "--dry-run", "--json")

    assert json.loads(said.out)["sample"]["would_fail"][0]["filename"] == "bad.jpg"


def test_verbose_tells_every_image_once_as_it_ends_on_stderr(run: Run) -> None:
    said = run("backfill", "-p", "p", "--verbose", "--json")

    told = [line for line in said.err.splitlines() if ".jpg" in line]
    assert told == [
        "scored  a.jpg",
        "scored  b.jpg",
        "failed  bad.jpg  original_gone: The original no longer exists",
        "scored  d.jpg",
    ]
    report = json.loads(said.out)
    assert (report["job"]["processed"], report["took_s"], report["average_s"]) == (3, 4.0, 1.0)
    assert [image["filename"] for image in report["failed_images"]] == ["bad.jpg"]


def test_active_job_is_joined_and_only_what_ends_from_then_on_is_told(run: Run, client: Client, api: FakeApi) -> None:
    client.start_quality_job("p")
    api.jobs["q0"].end_next(1)

    said = run("backfill", "-p", "p", "--verbose")

    assert "job q0 is at it already; following that one" in said.err
    assert "scored  a.jpg" not in said.err
    assert "scored  d.jpg" in said.err
    assert list(api.jobs) == ["q0"]


def test_job_whose_images_are_still_listed_is_waited_for(run: Run, api: FakeApi) -> None:
    api.freezes = 3

    said = run("backfill", "-p", "p")

    assert "4 images: 3 succeeded, 1 failed" in said.out


@pytest.mark.usefixtures("interrupted")
def test_interrupt_where_nobody_can_be_asked_leaves_the_job_running(run: Run, api: FakeApi) -> None:
    said = run("backfill", "-p", "p")

    assert said.status == 130
    assert "darkroom status q0 --watch" in said.err
    assert "darkroom cancel q0" in said.err
    assert said.out == ""
    assert api.jobs["q0"].status == "processing"


@pytest.mark.usefixtures("interrupted")
def test_interrupt_can_cancel(run: Run, api: FakeApi, terminal: io.StringIO) -> None:
    terminal.write("c\n")
    terminal.seek(0)

    said = run("backfill", "-p", "p", "--yes")

    assert said.status == 1
    assert "4 images = 2 succeeded + 1 failed + 0 skipped + 1 in flight" in said.err
    assert said.out.startswith("job q0 cancelled\n4 images: 2 succeeded, 1 failed, 0 skipped, 1 in flight\n")
    assert api.jobs["q0"].status == "cancelled"


@pytest.mark.usefixtures("interrupted")
def test_interrupt_can_be_taken_back(run: Run, api: FakeApi, terminal: io.StringIO) -> None:
    terminal.write("g\n")
    terminal.seek(0)

    said = run("backfill", "-p", "p", "--yes", "--verbose")

    assert said.status == 1
    assert "job q0 completed" in said.out
    assert said.err.count("scored  a.jpg") == 1


@pytest.mark.usefixtures("interrupted")
@pytest.mark.parametrize("typed", ["d\n", ""], ids=["asked", "closed"])
def test_interrupt_can_detach_and_so_does_closing_the_terminal(
    run: Run, api: FakeApi, terminal: io.StringIO, typed: str
) -> None:
    terminal.write(typed)
    terminal.seek(0)

    said = run("backfill", "-p", "p", "--yes")

    assert said.status == 130
    assert api.jobs["q0"].status == "processing"


def test_whoever_sits_there_is_asked_first(run: Run, api: FakeApi, terminal: io.StringIO) -> None:
    terminal.write("n\n")
    terminal.seek(0)

    said = run("backfill", "-p", "p")

    assert said.status == 1
    assert "Score the images of p that have no score yet, 10 at a time, 2000 ms apart?" in said.err
    assert api.jobs == {}
