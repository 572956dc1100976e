"""The hashes of a project, where a segment that the list names is not in the bucket."""

import logging
from datetime import timedelta

import pytest

from shared.domain.hashes import merge
from shared.domain.keys import SEGMENTS_ROW, hashes_pk
from shared.domain.member import Member
from shared.errors import Transient
from shared.stores.hashes import HashStore
from tests.cloud import Cloud, client, table
from tests.world import PROJECT, START, TENANT

MEMBERS = [Member(f"asset_{chr(97 + n) * 32}", START + timedelta(seconds=n), n) for n in range(4)]
LIST = {"pk": hashes_pk(TENANT, PROJECT, 1), "sk": SEGMENTS_ROW}


def worker(cloud: Cloud) -> HashStore:
    return HashStore(cloud.catalog_table, cloud.renditions_bucket, tail=2)


def count(store: HashStore) -> int:
    return len(merge(store.read(TENANT, PROJECT, START), is_whole=True))


@pytest.fixture
def lost(cloud: Cloud) -> str:
    """The name of a segment that is listed, and was deleted."""
    store = worker(cloud)
    for member in MEMBERS:
        store.add(TENANT, PROJECT, member)
    store.read(TENANT, PROJECT, START)
    key = str(table(cloud.catalog_table).get_item(Key=LIST)["Item"]["segments"][0]["key"])
    client("s3").delete_object(Bucket=cloud.renditions_bucket, Key=key)
    return key


def test_lost_segment_is_transient_and_named_once(cloud: Cloud, lost: str, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Transient):
        worker(cloud).read(TENANT, PROJECT, START)

    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [vars(record)["key"] for record in errors] == [lost]


def test_without_the_list_that_named_a_lost_segment_hashes_can_be_added_anew(cloud: Cloud, lost: str) -> None:
    table(cloud.catalog_table).delete_item(Key=LIST)
    store = worker(cloud)

    for member in MEMBERS:
        store.add(TENANT, PROJECT, member)

    assert count(store) == len(MEMBERS)
    assert count(worker(cloud)) == len(MEMBERS)
