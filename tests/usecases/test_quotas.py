"""What a tenant may hold, and what becomes of what it may not."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier

import pytest
from botocore.model import OperationModel
from moto import mock_aws

from shared.domain.quotas import Quotas
from shared.domain.task import Outcome, TaskStatus
from shared.errors import QuotaExceeded, Transient
from shared.messages import UploadedObject
from shared.stores.dynamo import dynamodb
from shared.stores.usage import SHARDS
from shared.usecases.delete_asset import delete_asset
from tests.cloud import build
from tests.conftest import forget_clients
from tests.crashes import died, interrupted, one_call_at_a_time
from tests.pictures import photo
from tests.world import TENANT, World

NEVER = 10**6


def picture(seed: int) -> bytes:
    return photo(seed, 40, 40)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@pytest.fixture
def limited(world: World) -> World:
    """A tenant that may hold two images, and holds one: `picture(0)`."""
    return _limited(world)


def _limited(world: World) -> World:
    world.tenants.create(TENANT, "shop", world.now)
    world.tenants.set_quotas(TENANT, Quotas(assets=2))
    _, [uploaded] = world.upload(picture(0))
    world.validate(uploaded)
    return world


def two_sessions(world: World) -> tuple[UploadedObject, UploadedObject]:
    """Two files that each had room when their sessions were opened."""
    sessions = [world.open_session([picture(seed)]) for seed in (1, 2)]
    first, second = (world.put(session.job_id, "t00000", picture(n)) for n, session in enumerate(sessions, 1))
    return first, second


def outcomes(world: World) -> list[Outcome | None]:
    return sorted((task.outcome for job in world.all_jobs() for task in world.all_tasks(job.job_id)), key=str)


def assert_ledger_is_the_bucket(world: World) -> None:
    """Every original belongs to an asset or awaits purge, and the counters say how many there are."""
    assets, graves = world.all_assets(), world.graves()
    named = {f"{asset.original.key}@{asset.original.version_id}" for asset in assets}
    assert named <= world.objects(world.cloud.originals_bucket)
    assert len(world.objects(world.cloud.originals_bucket)) == len(assets) + len(graves)
    held = world.used.holding(TENANT)
    assert (held.assets, held.bytes) == (len(assets), sum(asset.bytes for asset in assets))


# ── When a session is opened ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("quotas", "limit", "measured"),
    [
        (Quotas(files_per_session=2), 2, 3),
        (Quotas(assets=2), 2, 3),
        (Quotas(bytes=1000), 1000, sum(len(picture(n)) for n in range(3))),
    ],
)
def test_session_of_more_than_a_quota_is_refused_whole(world: World, quotas: Quotas, limit: int, measured: int) -> None:
    world.tenants.create(TENANT, "shop", world.now, quotas)

    with pytest.raises(QuotaExceeded) as refused:
        world.open_session([picture(n) for n in range(3)])

    assert (refused.value.code, refused.value.limit, refused.value.measured) == ("quota_exceeded", limit, measured)
    assert world.all_jobs() == []


def test_what_is_held_counts_for_the_next_session(limited: World) -> None:
    with pytest.raises(QuotaExceeded) as refused:
        limited.open_session([picture(1), picture(2)])

    assert (refused.value.limit, refused.value.measured) == (2, 3)
    assert limited.open_session([picture(1)]).total == 1


def test_files_that_exist_already_need_no_room(limited: World) -> None:
    limited.tenants.set_quotas(TENANT, Quotas(assets=1))

    session = limited.open_session([picture(0)] * 3, sha256=sha256(picture(0)))

    assert {task.outcome for task in session.uploads} == {"exists"}


def test_same_content_twice_in_a_session_needs_room_once(limited: World) -> None:
    session = limited.open_session([picture(1)] * 3, sha256=sha256(picture(1)))

    assert session.total == 3


def test_quotas_of_one_tenant_do_not_bind_another(limited: World) -> None:
    session = limited.open_session([picture(n) for n in range(5)], tenant="tenant_zzzzzzzzzzzzzzzzzzzzzzzzzz")

    assert session.total == 5


# ── When an image is validated ────────────────────────────────────────────────────────────────────────────────


def test_image_past_the_quota_is_refused_and_deleted(limited: World) -> None:
    first, second = two_sessions(limited)

    limited.run([first, second])

    task = limited.task(limited.all_jobs()[2].job_id)
    assert (task.outcome, task.status) == (Outcome.REFUSED, TaskStatus.FAILED)
    assert task.error is not None
    assert (task.error.code, task.error.limit, task.error.measured) == ("quota_exceeded", 2, 3)
    assert_ledger_is_the_bucket(limited)


def test_bytes_past_the_quota_are_refused_and_deleted(world: World) -> None:
    bodies = picture(1), picture(2)
    world.tenants.create(TENANT, "shop", world.now, Quotas(bytes=max(map(len, bodies))))
    first, second = two_sessions(world)

    world.run([first, second])

    assert outcomes(world) == [Outcome.CREATED, Outcome.REFUSED]
    assert_ledger_is_the_bucket(world)


def test_known_content_is_accepted_at_full_quota(limited: World) -> None:
    sessions = [limited.open_session([body]) for body in (picture(0), picture(1))]
    known, new = (limited.put(session.job_id, "t00000", picture(n)) for n, session in enumerate(sessions))

    limited.run([new, known])

    assert outcomes(limited) == [Outcome.CREATED, Outcome.CREATED, Outcome.EXISTS]
    assert_ledger_is_the_bucket(limited)


def test_deleting_an_image_makes_room(limited: World) -> None:
    first, second = two_sessions(limited)
    limited.run([first])
    delete_asset(limited.all_assets()[0].asset_id, TENANT, limited.catalog, limited.clock)

    limited.run([second])

    assert Outcome.REFUSED not in outcomes(limited)
    assert_ledger_is_the_bucket(limited)


def test_running_session_keeps_the_quotas_it_was_opened_with(limited: World) -> None:
    first, second = two_sessions(limited)
    limited.tenants.set_quotas(TENANT, Quotas(assets=0))

    limited.run([first, second])

    assert outcomes(limited) == [Outcome.CREATED, Outcome.CREATED, Outcome.REFUSED]
    with pytest.raises(QuotaExceeded):
        limited.open_session([picture(3)])


def test_lifted_quota_holds_for_the_next_session(limited: World) -> None:
    limited.tenants.set_quotas(TENANT, Quotas())

    _, uploads = limited.upload(*map(picture, range(1, 5)))
    limited.run(uploads)

    assert limited.used.holding(TENANT).assets == 5


def test_tenant_without_quotas_is_validated_without_a_look_at_its_usage(world: World) -> None:
    _, [uploaded] = world.upload(picture(0))

    with interrupted(NEVER, lambda: None) as calls:
        world.validate(uploaded)

    assert Counter(calls) == {"BatchGetItem": 1, "UpdateItem": 2, "TransactWriteItems": 1}


# ── Delivered again, cut off, or at the same moment ───────────────────────────────────────────────────────────


def test_creator_that_was_cut_off_goes_on_at_full_quota() -> None:
    forget_clients()
    for n in range(1, 6):
        with mock_aws():
            world = _limited(World(build()))
            first, second = two_sessions(world)
            assert died(n, partial(world.validate, first)), f"there are {n} side effects"
            for uploaded in (second, first):
                world.validate(uploaded)

            assert (world.used.holding(TENANT).assets, outcomes(world).count(Outcome.REFUSED)) == (2, 1)
            assert_ledger_is_the_bucket(world)


def test_redelivery_of_a_refusal_refuses_no_more_than_before(limited: World) -> None:
    first, second = two_sessions(limited)
    limited.run([first, second])
    before = limited.all_jobs()

    limited.run([second, first, second])

    assert limited.all_jobs() == before
    assert_ledger_is_the_bucket(limited)


def test_of_two_images_at_the_last_place_one_is_accepted() -> None:
    """Before each call of the one, the other does all of its own."""
    for world in _interrupted_everywhere(lambda world, _, second: _delivered(world, second)):
        assert (world.used.holding(TENANT).assets, outcomes(world).count(Outcome.REFUSED)) == (1, 1)
        assert_ledger_is_the_bucket(world)


def test_what_another_delivery_has_refused_is_not_taken_in_when_room_comes() -> None:
    def rival(world: World, first: UploadedObject, second: UploadedObject) -> None:
        _delivered(world, second)
        _delivered(world, first)
        make_room(world)

    for world in _interrupted_everywhere(rival):
        assert_ledger_is_the_bucket(world)


def test_what_another_delivery_has_taken_in_is_not_refused() -> None:
    """The other one is cut off in between: the image is there, and its task does not know yet."""

    def rival(world: World, first: UploadedObject, _: UploadedObject) -> None:
        make_room(world)
        died(2, partial(world.validate, first))

    for world in _interrupted_everywhere(rival, lambda world, second: world.validate(second)):
        assert_ledger_is_the_bucket(world)


def make_room(world: World) -> None:
    for asset in world.all_assets():
        delete_asset(asset.asset_id, TENANT, world.catalog, world.clock)


def _interrupted_everywhere(
    rival: Callable[[World, UploadedObject, UploadedObject], None],
    arrange: Callable[[World, UploadedObject], None] = lambda *_: None,
) -> Iterator[World]:
    """A world with one place, after the validation of an upload that met a rival before its nth call; for each n."""
    forget_clients()
    calls: list[str] = []
    n = 0
    while n <= len(calls):
        n += 1
        with mock_aws():
            world = World(build())
            world.tenants.create(TENANT, "shop", world.now, Quotas(assets=1))
            first, second = two_sessions(world)
            arrange(world, second)
            with interrupted(n, partial(rival, world, first, second)) as calls:
                _delivered(world, first)
            for uploaded in (first, second, first):
                _delivered(world, uploaded)
            yield world


def _delivered(world: World, uploaded: UploadedObject) -> None:
    for _ in range(3):
        try:
            world.validate(uploaded)
        except Transient:
            continue
        return


def test_images_that_all_saw_the_same_room_do_not_pass_the_quota(world: World) -> None:
    at_once = SHARDS + 8
    world.tenants.create(TENANT, "shop", world.now, Quotas(assets=SHARDS + 1))
    bodies = [picture(0) + n.to_bytes(1, "big") for n in range(at_once)]
    sessions = [world.open_session([body]) for body in bodies]
    puts = [world.put(session.job_id, "t00000", body) for session, body in zip(sessions, bodies, strict=True)]

    with one_call_at_a_time(), _counters_read_by(at_once), ThreadPoolExecutor(at_once) as threads:
        list(threads.map(partial(_delivered, world), puts))

    assert world.used.holding(TENANT).assets == SHARDS + 1
    assert_ledger_is_the_bucket(world)


@contextmanager
def _counters_read_by(readers: int) -> Iterator[None]:
    """Nobody goes on from the first reading of the counters before so many have read them."""
    gate = Barrier(readers)
    reads: list[str] = []

    def wait(model: OperationModel, **_: object) -> None:
        if model.name == "Query" and len(reads) < readers:
            reads.append(model.name)
            gate.wait(timeout=20)

    dynamodb().meta.events.register("after-call", wait)
    try:
        yield
    finally:
        dynamodb().meta.events.unregister("after-call", wait)
