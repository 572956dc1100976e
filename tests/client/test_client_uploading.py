"""Uploads end to end, against an API on loopback."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from darkroom import ApiError, Client, Progress, Unreachable, upload_files
from darkroom.uploading import UploadReport
from tests.client.fake_api import FakeApi

Photos = Callable[..., Path]


def outcomes(report: UploadReport) -> dict[str, str]:
    return {verdict.file.name: verdict.outcome for verdict in report.verdicts}


def numbered(count: int) -> list[str]:
    return [f"{n:04}.jpg" for n in range(count)]


def test_every_file_gets_a_verdict_in_order(client: Client, api: FakeApi, photos: Photos) -> None:
    folder = photos("b.jpg", "a.jpg", "sub/bad.png")

    report = upload_files(client, [folder], "p")

    assert list(outcomes(report).items()) == [("a.jpg", "created"), ("b.jpg", "created"), ("bad.png", "refused")]
    assert (report.verdicts[2].code, report.verdicts[2].limit, report.verdicts[2].measured) == (
        "too_many_pixels",
        100,
        120,
    )
    assert not report.is_fine


def test_known_content_is_not_sent(client: Client, api: FakeApi, photos: Photos) -> None:
    folder = photos("a.jpg", "b.jpg")
    upload_files(client, [folder], "p")

    report = upload_files(client, [folder], "p")

    assert outcomes(report) == {"a.jpg": "exists", "b.jpg": "exists"}
    assert len(api.posts) == 2
    assert report.is_fine


def test_hidden_files_are_left_and_other_files_reported(client: Client, api: FakeApi, photos: Photos) -> None:
    folder = photos("a.jpg", "notes.txt", ".hidden.jpg", ".git/x.jpg")

    report = upload_files(client, [folder], "p")

    assert outcomes(report) == {"a.jpg": "created"}
    assert report.skipped == (str(folder / "notes.txt"),)


def test_file_named_outright_is_sent_whatever_its_extension(client: Client, api: FakeApi, photos: Photos) -> None:
    folder = photos("notes.txt")

    report = upload_files(client, [folder, folder / "notes.txt"], "p")

    assert outcomes(report) == {"notes.txt": "created"}
    assert report.skipped == ()


def test_grants_beyond_the_first_are_asked_for_as_it_goes(client: Client, api: FakeApi, photos: Photos) -> None:
    api.max_grants = 500
    folder = photos(*numbered(1_100), size=20)

    report = upload_files(client, [folder], "p")

    assert len(set(api.posts)) == len(api.posts) == 1_100
    assert sum(api.grant_calls) == 600
    assert max(api.grant_calls) <= 500
    assert report.is_fine


def test_expired_grant_is_renewed(client: Client, api: FakeApi, photos: Photos) -> None:
    api.expired_posts = 2

    report = upload_files(client, [photos("a.jpg", "b.jpg", "c.jpg")], "p")

    assert report.is_fine
    assert len(api.grant_calls) == 2


def test_storage_that_always_refuses_costs_the_file_not_the_run(client: Client, api: FakeApi, photos: Photos) -> None:
    api.refused_posts = frozenset({"b.jpg"})

    report = upload_files(client, [photos("a.jpg", "b.jpg", "c.jpg")], "p")

    assert outcomes(report) == {"a.jpg": "created", "b.jpg": "failed", "c.jpg": "created"}
    assert report.verdicts[1].code == "EntityTooLarge"


def test_storage_fault_is_tried_again(client: Client, api: FakeApi, photos: Photos) -> None:
    api.failing_posts = 2

    report = upload_files(client, [photos("a.jpg", "b.jpg")], "p")

    assert report.is_fine
    assert api.count("POST", "/s3/originals") == 4


def test_file_refused_by_its_declaration_does_not_stop_the_others(client: Client, api: FakeApi, photos: Photos) -> None:
    photos("big.jpg", "huge.jpg", size=2_000)
    api.max_bytes = 1_500

    report = upload_files(client, [photos("a.jpg", "z.jpg")], "p")

    assert outcomes(report) == {"a.jpg": "created", "big.jpg": "refused", "huge.jpg": "refused", "z.jpg": "created"}
    assert (report.verdicts[1].code, report.verdicts[1].limit, report.verdicts[1].measured) == (
        "file_too_large",
        1_500,
        2_000,
    )
    assert report.verdicts[1].detail == "The file is larger than allowed"


def test_nothing_but_refused_files_opens_no_session(client: Client, api: FakeApi, photos: Photos) -> None:
    api.max_bytes = 10

    report = upload_files(client, [photos("a.jpg")], "p")

    assert outcomes(report) == {"a.jpg": "refused"}
    assert api.jobs == {}


def test_folder_over_the_limit_becomes_several_sessions(client: Client, api: FakeApi, photos: Photos) -> None:
    api.max_files = 10

    report = upload_files(client, [photos(*numbered(25))], "p")

    assert [job.total for job in report.jobs] == [10, 10, 5]
    assert [verdict.file.name for verdict in report.verdicts] == numbered(25)
    assert report.is_fine


def test_job_counts_shown_are_only_those_the_server_gave(client: Client, api: FakeApi, photos: Photos) -> None:
    api.is_holding = True
    seen: list[Progress] = []

    def end_the_work_later(now: Progress) -> None:
        seen.append(now)
        if now.sent_files == 3:
            threading.Timer(0.15, api.end_all).start()

    upload_files(client, [photos("a.jpg", "b.jpg", "bad.jpg")], "p", on_progress=end_the_work_later)

    shown = {(now.job.seq, now.job.processed, now.job.failed, now.job.eta_s) for now in seen if now.job}
    given = {(answer["seq"], answer["processed"], answer["failed"], answer["eta_s"]) for answer in api.answers}
    assert shown <= given
    assert any(now.sent_files == 3 and now.job and now.job.ended_tasks == 0 for now in seen)
    assert api.unchanged > 0
    assert seen[-1].job is not None
    assert seen[-1].job.ended_tasks == 3


def test_bytes_sent_add_up_to_the_files_even_after_lost_attempts(client: Client, api: FakeApi, photos: Photos) -> None:
    api.failing_posts = 2
    seen: list[Progress] = []

    upload_files(client, [photos("a.jpg", "b.jpg", size=200_000)], "p", on_progress=seen.append)

    assert seen[-1].bytes_to_send == seen[-1].sent_bytes == 400_000
    assert max(now.sent_bytes for now in seen) == 400_000


def test_session_cancelled_elsewhere_ends_the_run(client: Client, api: FakeApi, photos: Photos) -> None:
    api.max_grants = 1

    def cancel(now: Progress) -> None:
        if now.sent_files == 1:
            with api.lock:
                api.jobs["job0"].status = "cancelled"

    report = upload_files(client, [photos(*numbered(6))], "p", parallel=1, on_progress=cancel)

    assert report.jobs[0].status == "cancelled"
    assert not report.is_fine
    assert report.verdicts[-1].code == "unfinished"


def test_key_revoked_on_the_way_stops_the_run(client: Client, api: FakeApi, photos: Photos) -> None:
    api.max_grants = 1

    def revoke(now: Progress) -> None:
        if now.sent_files == 1:
            client._http.headers["Authorization"] = "Bearer dk_old"

    with pytest.raises(ApiError, match="invalid_key"):
        upload_files(client, [photos(*numbered(6))], "p", parallel=1, on_progress=revoke)


def test_nobody_there_is_an_error_not_a_hang(photos: Photos) -> None:
    with Client("http://127.0.0.1:9/api", "dk_a_b", retries=None) as client, pytest.raises(Unreachable):
        upload_files(client.waiting_with(lambda seconds: None), [photos("a.jpg")], "p")


def test_unreadable_file_is_a_verdict(
    client: Client, api: FakeApi, photos: Photos, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = photos("a.jpg", "b.jpg")
    opened = Path.open

    def deny(path: Path, *args: str) -> object:
        if path.name == "a.jpg":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args)

    monkeypatch.setattr(Path, "open", deny)

    report = upload_files(client, [folder], "p")

    assert outcomes(report) == {"a.jpg": "failed", "b.jpg": "created"}
    assert report.verdicts[0].detail == "Permission denied"
