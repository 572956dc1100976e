from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.asset import Nearest
from shared.domain.hashes import Neighbours, merge, neighbours, pack, part_of, unpack
from shared.domain.ids import asset_id_of
from shared.domain.likeness import rank
from shared.domain.member import Member
from shared.domain.scoring import UNIQUE_DISTANCE

START = datetime(2026, 1, 2, tzinfo=UTC)


def member(n: int, bits: int = 0, is_removed: bool = False) -> Member:
    at = START + timedelta(microseconds=n // 2)  # some are of the same moment
    return Member(asset_id_of("tenant", "shop", f"{n:064d}"), at, bits, is_removed)


def one_by_one(own: Member, members: list[Member]) -> Neighbours:
    """The same by comparing all, without arrays."""
    near = [
        Nearest(other.asset_id, other.created_at, distance)
        for other in members
        if other != own and (distance := (other.hash ^ own.hash).bit_count()) < UNIQUE_DISTANCE
    ]
    is_earlier = {n.asset_id: (n.created_at, n.asset_id) < (own.created_at, own.asset_id) for n in near}
    earlier = sorted((n for n in near if is_earlier[n.asset_id]), key=rank)
    return Neighbours(earlier, [n for n in near if not is_earlier[n.asset_id]])


def crowd(size: int) -> list[Member]:
    """Random hashes, and as many again that differ from one of them in up to 20 bits."""
    rng = np.random.default_rng(5)
    hashes = [int(number) for number in rng.integers(0, 2**64, size // 2, dtype=np.uint64)]
    for base in hashes[:]:
        flips = rng.choice(64, int(rng.integers(0, 21)), replace=False)
        hashes.append(base ^ sum(1 << int(bit) for bit in flips))
    return [member(n, hashes[i]) for n, i in enumerate(rng.permutation(len(hashes)))]


def test_search_of_ten_thousand_hashes_finds_what_comparing_all_finds() -> None:
    members = crowd(10_000)
    parts = [part_of(pack(members[first : first + 3000])) for first in range(0, len(members), 3000)]

    for own in members[:: len(members) // 50]:
        found = neighbours(own, parts)

        expected = one_by_one(own, members)
        assert found.earlier == expected.earlier
        assert sorted(found.later, key=rank) == sorted(expected.later, key=rank)


def test_segment_comes_back_as_it_was_packed() -> None:
    records = pack([member(1, 2**64 - 1), member(2, 0, is_removed=True)])

    assert np.array_equal(unpack(records.tobytes()).records, records)


def test_image_in_two_parts_is_found_once() -> None:
    part = part_of(pack([member(0, 0b111)]))

    assert len(neighbours(member(9), [part, part]).earlier) == 1


def test_removed_image_is_not_found_wherever_its_removal_lies() -> None:
    there, gone = part_of(pack([member(0), member(2)])), part_of(pack([member(0, is_removed=True)]))

    for parts in ([there, gone], [gone, there]):
        assert [near.asset_id for near in neighbours(member(9), parts).earlier] == [member(2).asset_id]


def test_same_content_uploaded_again_after_its_removal_is_found() -> None:
    again = Member(member(0).asset_id, START + timedelta(seconds=1), 0)
    parts = [part_of(pack([member(0), member(0, is_removed=True), again]))]

    found = neighbours(Member(member(9).asset_id, START + timedelta(seconds=2), 0), parts)

    assert found.earlier == [Nearest(again.asset_id, again.created_at, 0)]


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=20), st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_merging_changes_nothing_that_a_search_finds(kept: list[tuple[int, bool]], cut: int) -> None:
    members = [member(n, n, is_removed) for n, is_removed in kept]
    parts = [part_of(pack(members[:cut])), part_of(pack(members[cut:]))]
    own = member(50)

    whole, partial = (part_of(merge(parts, is_whole)) for is_whole in (True, False))

    expected = neighbours(own, parts).earlier
    assert neighbours(own, [whole]).earlier == expected
    assert neighbours(own, [part_of(pack(members)), partial]).earlier == expected
    assert len(whole.records) == len({n for n, _ in kept}) - len({n for n, is_removed in kept if is_removed})
