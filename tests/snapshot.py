"""What moto holds at one moment, to be put in place again: far quicker than making it anew."""

from __future__ import annotations

import copyreg
import pickle
from threading import RLock
from typing import Any

from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.utils import _VersionedKeyStore

SERVICES = {"dynamodb": "us-east-1", "s3": "aws", "sqs": "us-east-1"}

copyreg.pickle(type(RLock()), lambda _: (RLock, ()))  # each of moto's queues has one, which nobody holds between calls


def _filled(versions: dict[str, Any]) -> _VersionedKeyStore:
    store = _VersionedKeyStore()
    dict.update(store, versions)
    return store


# As the dict it is, which holds every version of a key; its own way of reading gives the last one only.
copyreg.pickle(_VersionedKeyStore, lambda store: (_filled, (dict(dict.items(store)),)))


def taken() -> bytes:
    return pickle.dumps(_states())


def restore(snapshot: bytes) -> None:
    for now, then in zip(_states(), pickle.loads(snapshot), strict=True):
        now.update(then)


def _states() -> list[dict[str, Any]]:
    return [vars(get_backend(service)[DEFAULT_ACCOUNT_ID][region]) for service, region in SERVICES.items()]
