"""Take in a WebSocket, and let it go."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.clock import Clock, utc_now
from shared.domain.access import ApiKey, judge_standing
from shared.errors import InvalidTicket, Unauthorized
from shared.stores.subscriptions import SubscriptionStore, Visitor
from shared.stores.tenants import TenantStore
from shared.usecases.open_ticket import digest_of

CONNECTION_LIFE = timedelta(hours=24)
"""Longer than API Gateway keeps a socket open: two hours."""


def connect(
    ticket: str, connection_id: str, subscriptions: SubscriptionStore, tenants: TenantStore, clock: Clock = utc_now
) -> None:
    """Use up a ticket for a connection. Raises InvalidTicket, RevokedKey or ExpiredKey."""
    now = clock()
    holder = subscriptions.take_ticket(digest_of(ticket), now)
    if holder is None:
        raise InvalidTicket
    key = standing_key(holder.key_id, tenants, now)
    end = min(now + CONNECTION_LIFE, key.expires_at or datetime.max.replace(tzinfo=now.tzinfo))
    subscriptions.connect(connection_id, Visitor(holder.tenant, holder.key_id, end))


def standing_key(key_id: str, tenants: TenantStore, now: datetime) -> ApiKey:
    """The key of this id, if it still stands. Raises Unauthorized, RevokedKey or ExpiredKey."""
    key = tenants.find_key(key_id)
    if key is None:
        raise Unauthorized
    return judge_standing(key, now)
