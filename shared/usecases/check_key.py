"""Check an API key."""

from __future__ import annotations

from shared.clock import Clock, utc_now
from shared.domain.access import ApiKey, judge, split_key
from shared.stores.tenants import TenantStore


def check_key(text: str, tenants: TenantStore, clock: Clock = utc_now) -> ApiKey:
    """The key that `text` is, if it is good now. Raises Unauthorized, RevokedKey or ExpiredKey."""
    key_id, secret = split_key(text)
    return judge(tenants.find_key(key_id), secret, clock())
