"""The commands on who may do what: whoami, projects, keys, tenants."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from darkroom import tables
from darkroom.access import Quotas
from darkroom.access_tables import limit, metrics_table
from darkroom.cli_jobs import AsJson
from darkroom.terminal import note, out, print_json, say
from darkroom.wording import moment

keys = typer.Typer(no_args_is_help=True, help="Make, list, revoke and rotate API keys; for admin keys.")
tenants = typer.Typer(no_args_is_help=True, help="Make and list tenants; for admin keys.")

KeyId = Annotated[
    str, typer.Argument(metavar="KEY_ID", help="The id of a key: what stands between dk_ and the next _.")
]


def whoami(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Show whose key this is, and what it may do."""
    with context.obj.connect() as client:
        me = client.me()
    if as_json:
        print_json(asdict(me))
        return
    until = f", until {moment(me.expires_at)}" if me.expires_at else ""
    say(f"tenant {me.tenant_name} ({me.tenant_id}): {', '.join(me.scopes)}{until}")


def projects(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the tenant's projects."""
    with context.obj.connect() as client:
        found = list(client.list_projects())
    if as_json:
        print_json([asdict(project) for project in found])
        return
    for project in found:
        say(project.project)
    if not found:
        note("there are no projects; the first upload makes one")


@keys.command("create")
def create_key(
    context: typer.Context,
    scopes: Annotated[list[str], typer.Argument(metavar="SCOPE…", help="read, write, admin")],
    label: Annotated[str, typer.Option(help="What to call it.")] = "",
    expires_at: Annotated[str | None, typer.Option(help="ISO 8601 with its time zone.")] = None,
    tenant_id: Annotated[str | None, typer.Option(help="Of another tenant.")] = None,
) -> None:
    """Make a key. It is shown this once."""
    with context.obj.connect() as client:
        made = client.create_key(scopes, label=label, expires_at=expires_at, tenant_id=tenant_id)
    say(str(made.key))


@keys.command("list")
def list_keys(
    context: typer.Context,
    tenant_id: Annotated[str | None, typer.Option(help="Of another tenant.")] = None,
    as_json: AsJson = False,
) -> None:
    """List a tenant's keys."""
    with context.obj.connect() as client:
        found = client.list_keys(tenant_id)
    if as_json:
        print_json([asdict(key) for key in found])
        return
    table = tables.new_table("Key", "Label", "Scopes", "Created", "Expires", "Revoked")
    for key in found:
        times = (moment(time) if time else "–" for time in (key.created_at, key.expires_at, key.revoked_at))
        table.add_row(key.key_id, tables.plain(key.label), " ".join(key.scopes), *times)
    out.print(table)


@keys.command("revoke")
def revoke_key(context: typer.Context, key_id: KeyId) -> None:
    """Let a key work no longer."""
    with context.obj.connect() as client:
        client.revoke_key(key_id)
    say(f"revoked {key_id}; it works for a minute more at most")


@keys.command("rotate")
def rotate_key(
    context: typer.Context,
    key_id: KeyId,
    grace_s: Annotated[int, typer.Option(min=0, help="Seconds for which the old one goes on.")] = 86_400,
) -> None:
    """Make a key in place of another. It is shown this once."""
    with context.obj.connect() as client:
        say(str(client.rotate_key(key_id, grace_s=grace_s).key))


@tenants.command("create")
def create_tenant(context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME")]) -> None:
    """Make a tenant, or find the one that has the name."""
    with context.obj.connect() as client:
        say(client.create_tenant(name).tenant_id)


@tenants.command("list")
def list_tenants(context: typer.Context, as_json: AsJson = False) -> None:
    """List all tenants."""
    with context.obj.connect() as client:
        found = list(client.list_tenants())
    if as_json:
        print_json([asdict(tenant) for tenant in found])
        return
    for tenant in found:
        say(f"{tenant.tenant_id}  {tenant.tenant_name}")


@tenants.command("quota")
def set_quota(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    assets: Annotated[str | None, typer.Option(help="How many images it may hold.")] = None,
    size: Annotated[str | None, typer.Option("--bytes", help="How much their originals may take: 500MB, 10GB.")] = None,
    files: Annotated[str | None, typer.Option("--files-per-session", help="How many files a session may have.")] = None,
) -> None:
    """Show what a tenant holds and may hold, or change that; `none` lifts a limit."""
    with context.obj.connect() as client:
        tenant = next((found for found in client.list_tenants() if found.tenant_name == name), None)
        if tenant is None:
            raise typer.BadParameter(f"there is no tenant {name}")
        if (assets, size, files) != (None, None, None):
            known = tenant.quotas
            wanted = Quotas(
                assets=limit(assets, known.assets),
                bytes=limit(size, known.bytes),
                files_per_session=limit(files, known.files_per_session),
            )
            client.set_quotas(tenant.tenant_id, wanted)
        out.print(metrics_table([client.get_tenant(tenant.tenant_id)]))


def metrics(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[TENANT]", help="A tenant's name; your own if not given.")
    ] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every tenant; for admin keys.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a tenant has in storage, and may have."""
    with context.obj.connect() as client:
        found = list(client.list_metrics()) if is_all else [client.get_metrics(name or client.me().tenant_name)]
    if as_json:
        print_json([asdict(one) for one in found])
        return
    out.print(metrics_table(found))
