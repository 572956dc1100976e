"""Grants last fifteen minutes; a long upload outlives them."""

from darkroom import Client, NewFile, UploadSession
from darkroom.grants import GrantBook
from tests.client.fake_api import FakeApi

FILE = NewFile("a.jpg", "image/jpeg", 10)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def book(client: Client, session: UploadSession, clock: Clock) -> GrantBook:
    grants = GrantBook(client, session.job_id, [task.task_id for task in session.uploads], clock)
    grants.put(session.uploads)
    return grants


def test_fresh_grant_is_used_as_it_is(client: Client, api: FakeApi) -> None:
    session = client.create_upload("p", [FILE])

    grant = book(client, session, Clock()).take(session.uploads[0].task_id)

    assert grant == session.uploads[0].upload
    assert api.grant_calls == []


def test_grant_about_to_expire_is_renewed_with_all_that_wait(client: Client, api: FakeApi) -> None:
    session = client.create_upload("p", [FILE] * 3)
    clock = Clock()
    grants = book(client, session, clock)
    clock.now_s = 14.5 * 60

    given = [grants.take(task.task_id) for task in session.uploads]

    assert None not in given
    assert api.grant_calls == [3]


def test_task_no_longer_pending_gets_none(client: Client, api: FakeApi) -> None:
    session = client.create_upload("p", [FILE])
    clock = Clock()
    grants = book(client, session, clock)
    clock.now_s = 3600
    api.jobs[session.job_id].tasks["t00000"]["status"] = "processing"

    assert grants.take("t00000") is None
