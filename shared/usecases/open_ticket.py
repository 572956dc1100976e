"""Give out a ticket that opens one WebSocket."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from shared.clock import Clock, utc_now
from shared.schemas import Ticket
from shared.stores.sockets import SocketStore
from shared.stores.subscriptions import SubscriptionStore, Visitor

TICKET_LIFE = timedelta(seconds=60)


def open_ticket(
    tenant: str, key_id: str, subscriptions: SubscriptionStore, sockets: SocketStore, clock: Clock = utc_now
) -> Ticket:
    """A ticket for the holder of a key, good once and for a minute. Only its hash is stored."""
    ticket = secrets.token_urlsafe(32)
    # Whole seconds, as they are kept.
    expires_at = clock().replace(microsecond=0) + TICKET_LIFE
    subscriptions.save_ticket(digest_of(ticket), Visitor(tenant, key_id, expires_at))
    return Ticket(ticket=ticket, url=f"{sockets.url}?ticket={ticket}", expires_at=expires_at)


def digest_of(ticket: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(ticket.encode()).hexdigest()
