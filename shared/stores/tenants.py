"""Tenants, their projects and their API keys, in the catalog table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from shared.domain import keys
from shared.domain.access import ApiKey
from shared.domain.ids import PROJECT, TENANT_ID
from shared.domain.quotas import NO_QUOTAS, Quotas
from shared.errors import Conflict, InvalidId, NotFound
from shared.stores import rows
from shared.stores.dynamo import (
    ConditionFailed,
    Item,
    TransactionRefused,
    attempt,
    batch_get,
    dynamodb,
    marshal,
    unmarshal,
)

TENANT_PAGE = 25
PROJECT_PAGE = 100
KEYS_PER_CALL = 100


@dataclass(frozen=True)
class Tenant:
    tenant_id: str
    name: str
    quotas: Quotas = NO_QUOTAS


@dataclass(frozen=True)
class TenantPage:
    """Oldest tenant first."""

    tenants: list[Tenant]
    next_cursor: str | None


@dataclass(frozen=True)
class ProjectPage:
    """`created` is project → when it came into being."""

    created: dict[str, datetime]
    next_cursor: str | None


@dataclass(frozen=True)
class TenantStore:
    table: str

    def find_key(self, key_id: str) -> ApiKey | None:
        row = {"pk": keys.api_key_pk(key_id), "sk": keys.API_KEY_ROW}
        found = attempt(lambda: dynamodb().get_item(TableName=self.table, Key=marshal(row), ConsistentRead=True))
        return rows.api_key_of(unmarshal(found["Item"])) if "Item" in found else None

    def save_key(self, key: ApiKey) -> None:
        """Keep a new key, and that its tenant has it."""
        puts = self._puts_of(key)
        attempt(lambda: dynamodb().transact_write_items(TransactItems=puts))  # type: ignore[arg-type]

    def revoke_key(self, key_id: str, now: datetime) -> ApiKey:
        """The key, revoked now unless it was before. Raises NotFound."""
        change = self._change_of(key_id, "SET revoked_at = if_not_exists(revoked_at, :at)", now, "attribute_exists(pk)")
        try:
            answer = attempt(lambda: dynamodb().update_item(**change, ReturnValues="ALL_NEW"))
        except ConditionFailed as error:
            raise NotFound("There is no such key.") from error
        return rows.api_key_of(unmarshal(answer["Attributes"]))

    def replace_key(self, key_id: str, expires_at: datetime, new: ApiKey) -> None:
        """Keep a new key and let the old one expire, both or neither.

        Raises Conflict for one that was revoked, or let expire sooner, meanwhile.
        """
        standing = "attribute_exists(pk) AND attribute_not_exists(revoked_at)"
        condition = f"{standing} AND (attribute_not_exists(expires_on) OR expires_on >= :at)"
        change = self._change_of(key_id, "SET expires_on = :at", expires_at, condition)
        items: Any = [{"Update": change}, *self._puts_of(new)]
        try:
            attempt(lambda: dynamodb().transact_write_items(TransactItems=items))
        except TransactionRefused as error:
            raise Conflict("That key was revoked or rotated meanwhile.") from error

    def _change_of(self, key_id: str, change: str, at: datetime, condition: str) -> Any:
        """A change of what it names alone: another that is made at the same time stays."""
        return {
            "TableName": self.table,
            "Key": marshal({"pk": keys.api_key_pk(key_id), "sk": keys.API_KEY_ROW}),
            "UpdateExpression": change,
            "ConditionExpression": condition,
            "ExpressionAttributeValues": marshal({":at": rows.to_text(at)}),
        }

    def _puts_of(self, key: ApiKey) -> list[Item]:
        listed = {"pk": keys.tenant_pk(key.tenant), "sk": keys.tenant_key_sk(key.key_id), "key_id": key.key_id}
        return [{"Put": {"TableName": self.table, "Item": marshal(row)}} for row in (rows.api_key_row(key), listed)]

    def keys_of(self, tenant: str) -> list[ApiKey]:
        """Every key of a tenant, the oldest first."""
        values = {":pk": keys.tenant_pk(tenant), ":prefix": keys.tenant_key_sk("")}
        ids = [row["key_id"] for row in self._rows(values, "pk = :pk AND begins_with(sk, :prefix)")]
        wanted = [{"pk": keys.api_key_pk(key_id), "sk": keys.API_KEY_ROW} for key_id in ids]
        pages = (wanted[first : first + KEYS_PER_CALL] for first in range(0, len(wanted), KEYS_PER_CALL))
        found = [rows.api_key_of(row) for page in pages for row in batch_get({self.table: page})[self.table]]
        return sorted(found, key=lambda key: (rows.to_text(key.created_at) or "", key.key_id))

    def find(self, tenant: str) -> Tenant | None:
        key = marshal(_key(tenant))
        found = attempt(lambda: dynamodb().get_item(TableName=self.table, Key=key, ConsistentRead=True))
        return _tenant_of(tenant, unmarshal(found["Item"])) if "Item" in found else None

    def quotas_of(self, tenant: str) -> Quotas:
        found = self.find(tenant)
        return found.quotas if found else NO_QUOTAS

    def set_quotas(self, tenant: str, quotas: Quotas) -> Tenant:
        """Replace a tenant's quotas. Raises NotFound."""
        change: Any = {
            "TableName": self.table,
            "Key": marshal(_key(tenant)),
            "UpdateExpression": "SET quotas = :quotas",
            "ConditionExpression": "attribute_exists(pk)",
            "ExpressionAttributeValues": marshal({":quotas": asdict(quotas)}),
            "ReturnValues": "ALL_NEW",
        }
        try:
            answer = attempt(lambda: dynamodb().update_item(**change))
        except ConditionFailed as error:
            raise NotFound("There is no such tenant.") from error
        return _tenant_of(tenant, unmarshal(answer["Attributes"]))

    def project_page(self, tenant: str, cursor: str | None) -> ProjectPage:
        """Up to PROJECT_PAGE projects by name, from the one after the cursor."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": marshal({":pk": keys.tenant_pk(tenant), ":prefix": keys.project_sk("")}),
            "Limit": PROJECT_PAGE,
        }
        if cursor:
            if not PROJECT.fullmatch(cursor):
                raise InvalidId("The cursor is not one of ours.")
            query["ExclusiveStartKey"] = marshal({"pk": keys.tenant_pk(tenant), "sk": keys.project_sk(cursor)})
        answer = attempt(lambda: dynamodb().query(**query))
        found = [unmarshal(row) for row in answer["Items"]]
        created = {row["project"]: datetime.fromisoformat(row["created_at"]) for row in found}
        return ProjectPage(created, found[-1]["project"] if "LastEvaluatedKey" in answer else None)

    def create(self, tenant: str, name: str, now: datetime, quotas: Quotas = NO_QUOTAS) -> str:
        """The tenant of this name: the new one, or the one that has the name already, with the quotas that it has."""
        named = {"pk": keys.tenant_name_pk(name), "sk": keys.TENANT_ROW}
        own = {**_key(tenant), "name": name, "created_at": rows.to_text(now), "quotas": asdict(quotas)}
        listed = {"pk": keys.TENANTS, "sk": tenant}
        puts = [
            {"TableName": self.table, "Item": marshal(row), "ConditionExpression": "attribute_not_exists(pk)"}
            for row in (named | {"tenant": tenant}, own, listed)
        ]
        try:
            attempt(lambda: dynamodb().transact_write_items(TransactItems=[{"Put": put} for put in puts]))  # type: ignore[typeddict-item]
        except TransactionRefused:
            found = attempt(lambda: dynamodb().get_item(TableName=self.table, Key=marshal(named), ConsistentRead=True))
            return str(unmarshal(found["Item"])["tenant"])
        return tenant

    def note_project(self, tenant: str, project: str, now: datetime) -> None:
        """Remember that the tenant has this project."""
        row = {
            "pk": keys.tenant_pk(tenant),
            "sk": keys.project_sk(project),
            "project": project,
            "created_at": rows.to_text(now),
        }
        try:
            attempt(
                lambda: dynamodb().put_item(
                    TableName=self.table, Item=marshal(row), ConditionExpression="attribute_not_exists(pk)"
                )
            )
        except ConditionFailed:
            return

    def find_by_name(self, name: str) -> str | None:
        """The id of the tenant of this name."""
        row = {"pk": keys.tenant_name_pk(name), "sk": keys.TENANT_ROW}
        found = attempt(lambda: dynamodb().get_item(TableName=self.table, Key=marshal(row), ConsistentRead=True))
        return str(unmarshal(found["Item"])["tenant"]) if "Item" in found else None

    def page(self, cursor: str | None) -> TenantPage:
        """Up to TENANT_PAGE tenants, from the one after the cursor. Raises InvalidId for a cursor that is none."""
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": marshal({":pk": keys.TENANTS}),
            "Limit": TENANT_PAGE,
        }
        if cursor:
            if not TENANT_ID.fullmatch(cursor):
                raise InvalidId("The cursor is not one of ours.")
            query["ExclusiveStartKey"] = marshal({"pk": keys.TENANTS, "sk": cursor})
        answer = attempt(lambda: dynamodb().query(**query))
        tenants = [unmarshal(row)["sk"] for row in answer["Items"]]
        found = batch_get({self.table: [_key(tenant) for tenant in tenants]})[self.table] if tenants else []
        by_pk = {row["pk"]: row for row in found}
        last = answer.get("LastEvaluatedKey")
        return TenantPage(
            [_tenant_of(tenant, by_pk[keys.tenant_pk(tenant)]) for tenant in tenants],
            unmarshal(last)["sk"] if last else None,
        )

    def all_tenants(self) -> Iterator[str]:
        """The id of every tenant."""
        return (row["sk"] for row in self._rows({":pk": keys.TENANTS}, "pk = :pk"))

    def projects(self, tenant: str) -> Iterator[str]:
        """The name of every project of a tenant."""
        prefix = {":pk": keys.tenant_pk(tenant), ":prefix": keys.project_sk("")}
        return (row["project"] for row in self._rows(prefix, "pk = :pk AND begins_with(sk, :prefix)"))

    def _rows(self, values: Item, condition: str) -> Iterator[Item]:
        query: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": marshal(values),
        }
        while True:
            answer = attempt(partial(dynamodb().query, **query))
            yield from (unmarshal(row) for row in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _key(tenant: str) -> Item:
    return {"pk": keys.tenant_pk(tenant), "sk": keys.TENANT_ROW}


def _tenant_of(tenant: str, row: Item) -> Tenant:
    return Tenant(tenant, row["name"], Quotas(**row.get("quotas", {})))
