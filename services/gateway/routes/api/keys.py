"""`/api/user/api`: API keys of oneself and of others (spec/area2 §11.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from starlette.responses import Response

from services.gateway.api_answers import ApiRefused, nothing, said
from services.gateway.api_calls import Call, Endpoint, Parameter
from services.gateway.routes.api.users import other_account
from shared.people.api_keys import METHODS, ApiKey, Method
from shared.people.permissions import require

_MISSING = "No such API key could be found."


def shown(key: ApiKey) -> dict[str, Any]:
    """A key as the API tells it; the key itself is told once only, when it is made."""
    return {
        "name": key.name,
        "method": key.method,
        "constraints": list(key.allowed),
        "key": f"{'*' * 28}{key.last_four}",
        "last_four": key.last_four,
        "permissions": list(key.permissions),
    }


async def show(call: Call) -> Response:
    """One key by name or by itself, or all."""
    owner = await _owner(call, "access_user_api_info")
    keys = await call.desk.api_keys.of_account(_database(call), owner)
    if given := call.text("api_key"):
        return said(shown(await call.desk.api_keys.find(_database(call), owner, given)))
    if name := call.text("name"):
        found = next((one for one in keys if one.name == name), None)
        if found is None:
            raise ApiRefused(_MISSING, 404)
        return said(shown(found))
    return said([shown(one) for one in keys])


async def make(call: Call) -> Response:
    """A new key: never one that allows more than the key that asks for it."""
    owner = await _owner(call, "edit_user_api_info")
    wanted = _listed(call, "permissions")
    if call.key.permissions:
        require(bool(wanted) and set(wanted) <= set(call.key.permissions))
    key = await call.desk.api_keys.make(
        _database(call),
        owner,
        call.needed("name", "A name must be provided."),
        method=call.text("method") or "none",
        allowed=_listed(call, "allowed"),
        permissions=wanted,
    )
    return said(key)


async def change(call: Call) -> Response:
    """Name, addresses, permissions."""
    owner = await _owner(call, "edit_user_api_info")
    given = call.needed("api_key", "No API key given.")
    found = await call.desk.api_keys.find(_database(call), owner, given)
    method = call.text("method") or found.method
    if method not in METHODS:
        raise ApiRefused("Invalid security method.")
    permissions = _changed(call, "permissions", found.permissions)
    if call.key.permissions:
        require(bool(permissions) and set(permissions) <= set(call.key.permissions))
    changed = replace(
        found,
        name=call.text("name") or found.name,
        method=cast(Method, method),
        allowed=_changed(call, "allowed", found.allowed),
        permissions=permissions,
    )
    await call.desk.api_keys.change(_database(call), given, changed)
    return nothing()


async def remove(call: Call) -> Response:
    """Take a key back."""
    owner = await _owner(call, "edit_user_api_info")
    await call.desk.api_keys.delete(_database(call), owner, key=call.needed("api_key", "No API key given."))
    return nothing()


async def _owner(call: Call, permission: str) -> int:
    """Whose keys are meant. A limited key looks after no keys unless it says so. Raises PermissionMissing."""
    if "number" in call.request.path_params:
        require(call.account.may(permission))
        other = await other_account(call, permission)
        require(call.account.is_admin or not {"admin", "developer", "advocate", "cron"} & set(other.privileges))
        return other.id
    require(not call.key.permissions or permission in call.key.permissions)
    return call.account.id


def _changed(call: Call, name: str, present: tuple[str, ...]) -> tuple[str, ...]:
    """A list given anew, or added to and taken from."""
    if name in call.given:
        return _listed(call, name)
    added = _listed(call, f"add_to_{name}")
    removed = set(_listed(call, f"remove_from_{name}"))
    return tuple(one for one in dict.fromkeys((*present, *added)) if one not in removed)


def _listed(call: Call, name: str) -> tuple[str, ...]:
    given = call.given.get(name)
    if isinstance(given, str) and given and not given.lstrip().startswith("["):
        return (given,)
    wrong = f"{name} must be a list."
    return call.names(name, malformed=wrong, wrong=wrong)


def _database(call: Call) -> Any:
    return call.desk.people.directory.database


_KEY = Parameter("api_key", "The key.")
_FACTS = (
    Parameter("method", "`ip`, `referer` or `none`: what `allowed` is compared with."),
    Parameter("allowed", "Addresses, networks, or patterns with `*`; none: from everywhere.", "list"),
    Parameter("permissions", "What it may do at most; none: what its owner may.", "list"),
)
_CHANGES = tuple(
    Parameter(f"{how}_{name}", "Instead of the whole list.", "list")
    for name in ("allowed", "permissions")
    for how in ("add_to", "remove_from")
)

ENDPOINTS = tuple(
    endpoint
    for path, whose in (("/api/user/api", "one's own"), ("/api/user/{number:int}/api", "somebody's"))
    for endpoint in (
        Endpoint(
            "GET",
            path,
            f"Show {whose} API keys",
            show,
            (_KEY, Parameter("name", "Only the one of this name.")),
            answers={200: "One or all."},
            tag="keys",
        ),
        Endpoint(
            "POST",
            path,
            f"Make {whose} API key",
            make,
            (Parameter("name", "What it is for.", is_required=True), *_FACTS),
            answers={200: "The key: it is told only now."},
            tag="keys",
        ),
        Endpoint(
            "PATCH",
            path,
            f"Change {whose} API key",
            change,
            (_KEY, Parameter("name", "Another name."), *_FACTS, *_CHANGES),
            tag="keys",
        ),
        Endpoint("DELETE", path, f"Take {whose} API key back", remove, (_KEY,), tag="keys"),
    )
)
