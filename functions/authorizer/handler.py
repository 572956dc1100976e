"""API Gateway authorizer → whose key this is, or what is wrong with it."""

from typing import Any

from shared.errors import MissingKey, Unauthorized
from shared.settings import AuthorizerSettings
from shared.stores.tenants import TenantStore
from shared.usecases.check_key import check_key

settings = AuthorizerSettings.load()
tenants = TenantStore(settings.catalog_table)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Lets every request through to the resolver, marked: only there can a bad key get a typed answer."""
    try:
        key = check_key(_bearer(event), tenants)
    except Unauthorized as error:
        return _allow(event, "nobody", {"problem": error.code})
    return _allow(event, key.key_id, {"tenant": key.tenant, "scopes": " ".join(sorted(key.scopes))})


def _bearer(event: dict[str, Any]) -> str:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, key = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not key:
        raise MissingKey
    return str(key).strip()


def _allow(event: dict[str, Any], principal: str, found: dict[str, str]) -> dict[str, Any]:
    # The whole stage, not this route: the answer is cached per key and serves the next route as well.
    api, stage, _ = event["methodArn"].split("/", 2)
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": f"{api}/{stage}/*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": policy, "context": found}
