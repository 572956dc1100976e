"""Make the first tenant and its API keys on any stack, local or on AWS."""

from __future__ import annotations

import argparse
import os
import sys

import boto3

from shared.domain.access import Scope
from shared.stores.dynamo import dynamodb
from shared.stores.tenants import TenantStore
from shared.usecases.add_tenant import add_key, add_tenant


def bootstrap(stack_name: str, endpoint_url: str | None, region: str, tenant_name: str) -> dict[str, str]:
    """A tenant of this name with a new key to read and write and one that may also administer.

    Returns tenant (its name), tenant_id, tenant_key and admin_key. The keys are shown this once.
    """
    os.environ["AWS_DEFAULT_REGION"] = region
    if endpoint_url:
        os.environ["AWS_ENDPOINT_URL"] = endpoint_url
    dynamodb.cache_clear()
    stacks = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
    tenants = TenantStore(outputs["CatalogTableName"])
    tenant = add_tenant(tenant_name, tenants)
    return {
        "tenant": tenant_name,
        "tenant_id": tenant,
        "tenant_key": add_key(tenant, [Scope.READ, Scope.WRITE], tenants),
        "admin_key": add_key(tenant, Scope, tenants),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tenant", help="the tenant's name")
    parser.add_argument("--stack-name", default="darkroom")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION") or boto3.Session().region_name)
    parser.add_argument("--endpoint-url", default=os.environ.get("AWS_ENDPOINT_URL"))
    asked = parser.parse_args()
    if not asked.region:
        parser.error("name the region with --region or AWS_REGION")
    for name, found in bootstrap(asked.stack_name, asked.endpoint_url, asked.region, asked.tenant).items():
        sys.stdout.write(f"{name}: {found}\n")


if __name__ == "__main__":
    main()
