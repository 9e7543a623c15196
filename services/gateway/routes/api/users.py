"""`/api/user…`, `/api/privileges`: accounts and privileges for programs (spec/area2 §11.6).

What a caller may do is asked of shared.people.permissions with the account behind the key, as the key limits it.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import orjson
from starlette.responses import Response

from services.gateway.api_answers import ACCESS_DENIED, ApiRefused, nothing, said
from services.gateway.api_calls import Call, Endpoint, Parameter
from services.gateway.requests import url_root
from shared.contracts.session_lists import DeleteAccount, DeletedAccount
from shared.kernel.errors import Refused
from shared.kernel.ids import new_code
from shared.people import permissions, store
from shared.people.directory import SHORTEST_FOR_CODE, cleaned
from shared.people.permissions import require
from shared.people.records import (
    Account,
    AddressTaken,
    Profile,
    SignInRefused,
    UnknownAccount,
    UnknownPrivilege,
    checked_address,
)

_FIELDS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "country": "country",
    "subdivisionfirst": "subdivision_first",
    "subdivisionsecond": "subdivision_second",
    "subdivisionthird": "subdivision_third",
    "organization": "organization",
    "timezone": "timezone",
    "language": "language",
}
"""Names of the API, and of the profile."""
_PRIVILEGE = re.compile(r"[a-z0-9][a-z0-9 _-]{0,39}\Z")
_BUILT_IN = frozenset({"user", "admin", "developer", "advocate", "cron"})
_NO_USER = "User not found."
_CHANGING = ("edit_user_info", "edit_user_active_status", "edit_user_password")


def shown(account: Account) -> dict[str, Any]:
    """An account as the API tells it."""
    return {
        "id": account.id,
        "email": account.email,
        **{name: getattr(account.profile, kept) for name, kept in _FIELDS.items()},
        "active": account.is_active,
        "account_type": account.login_method,
        "privileges": list(account.privileges),
    }


async def other_account(call: Call, *others: str) -> Account:
    """The account in the path, if the caller may see it or has one of the `others`: permissions to do something with it
    without being told what it says. Raises ApiRefused, PermissionMissing.
    """
    number = int(call.request.path_params["number"])
    require(permissions.may_see(call.account, number) or any(call.account.may(one) for one in others))
    try:
        return await call.desk.people.directory.account(number)
    except UnknownAccount:
        raise ApiRefused(_NO_USER, 404) from None


# -- One account


async def show_self(call: Call) -> Response:
    """Whose key it is."""
    return said({**shown(call.account), "privileges": list(call.account.privileges)})


async def change_self(call: Call) -> Response:
    """Change one's own account."""
    return await _change(call, await call.desk.people.directory.account(call.account.id))


async def show_other(call: Call) -> Response:
    """Somebody's account."""
    return said(shown(await other_account(call)))


async def change_other(call: Call) -> Response:
    """Change somebody's account."""
    return await _change(call, await other_account(call, *_CHANGING))


async def _change(call: Call, other: Account) -> Response:
    people, asks = call.desk.people, call.account
    told = {kept: call.text(name) for name, kept in _FIELDS.items() if name in call.given}
    profile = cleaned(replace(other.profile, **told))
    password = call.text("password")
    async with people.directory.database.transaction() as connection:
        if profile != other.profile:
            require(permissions.may_edit(asks, other))
            await store.set_profile(connection, other.id, profile, names=told)
        if "active" in call.given and call.flag("active") != other.is_active:
            require(permissions.may_set_active(asks, other) and other.id != 1)
            await store.set_active(connection, other.id, call.flag("active"))
        if password:
            require(
                asks.may("edit_user_password") and (asks.id == other.id or permissions.may_set_password(asks, other))
            )
            key = None
            if call.text("old_password"):
                try:
                    key = await people.directory.open_key(other, call.text("old_password"))
                except SignInRefused:
                    raise ApiRefused("The old_password is incorrect.") from None
            elif other.server_opens:
                key = await people.directory.key_without_password(other)
            secrets, kept = await people.directory.under_new_password(other, password, key, shortest=SHORTEST_FOR_CODE)
            await people.directory.set_password(connection, secrets, kept)
    return nothing()


async def remove_other(call: Call) -> Response:
    """Close an account, or delete it."""
    other = await other_account(call, "delete_user", "edit_user_active_status")
    how = call.text("remove")
    people, asks = call.desk.people, call.account
    if how not in ("", "account", "account_and_shared"):
        raise ApiRefused("The parameter remove is account, account_and_shared, or is left out.")
    if other.id in (1, asks.id):
        raise ApiRefused(ACCESS_DENIED, 403)
    if not how:
        require(permissions.may_set_active(asks, other))
        async with people.directory.database.transaction() as connection:
            await store.set_active(connection, other.id, False)
        return nothing()
    require(asks.may("delete_user"))
    require(asks.is_admin or not {"admin", "developer", "advocate", "cron"} & set(other.privileges))
    ended = DeletedAccount(has_more=True)
    while ended.has_more:
        asked = DeleteAccount(account_id=other.id, for_all=how == "account_and_shared")
        ended = await call.desk.sessions.request(asked, DeletedAccount)
    if ended.problem:
        raise ApiRefused(ended.problem)
    return nothing()


# -- Many accounts


async def user_info(call: Call) -> Response:
    """An account by its e-mail address."""
    address = call.needed("username", "An e-mail address must be supplied.")
    found = await store.by_email(call.desk.people.directory.database, address)
    if found is None or (call.flag("case_sensitive") and found.email != address):
        raise ApiRefused(_NO_USER, 404)
    return said(shown(found))


async def user_list(call: Call) -> Response:
    """All accounts, a hundred at a time."""
    place = call.text("next_id")
    accounts, further = await store.page(
        call.desk.people.directory.database,
        after=int(place) if place.isdigit() and len(place) < 19 else 0,
        includes_inactive=call.flag("include_inactive"),
    )
    return said({"next_id": None if further is None else str(further), "items": [shown(one) for one in accounts]})


async def new_user(call: Call) -> Response:
    """Make an account."""
    address = call.text("username", "email")
    if not address:
        raise ApiRefused("An e-mail address must be supplied.")
    wanted = _privileges_in(call) or ("user",)
    require(permissions.may_create(call.account, wanted))
    password = call.text("password") or new_code(10)
    directory = call.desk.people.directory
    try:
        new = await directory.prepare(
            email=address,
            password=password,
            profile=Profile(**{kept: call.text(name) for name, kept in _FIELDS.items()}),
            privileges=wanted,
        )
        async with directory.database.transaction() as connection:
            await directory.add(connection, new)
    except AddressTaken:
        raise ApiRefused("That e-mail address is already being used.") from None
    except UnknownPrivilege:
        raise ApiRefused("Invalid privilege name.") from None
    return said({"user_id": new.id, "password": password})


async def invite(call: Call) -> Response:
    """Invite people by letter."""
    privilege = call.text("privilege") or "user"
    require(permissions.may_create(call.account, (privilege,)))
    given = call.given.get("email_addresses")
    addresses = [given] if isinstance(given, str) and not given.lstrip().startswith("[") else None
    if addresses is None:
        wrong = "email_addresses must be a list of e-mail addresses."
        addresses = list(call.names("email_addresses", malformed=wrong, wrong=wrong))
    if not addresses or len(addresses) > 100:
        raise ApiRefused("An e-mail address must be supplied.")
    people, database = call.desk.people, call.desk.people.directory.database
    try:
        checked = [checked_address(one) for one in addresses]
        await store.check_privileges(database, (privilege,))
    except UnknownPrivilege:
        raise ApiRefused("Invalid privilege name.") from None
    sends = call.flag("send_emails", otherwise=True)
    told = []
    async with database.transaction() as connection:
        for address in checked:
            token = await people.links.make(connection, "invitation", {"email": address, "privilege": privilege})
            link = f"{url_root(call.request, call.desk.settings.public_url)}user/register?token={token}"
            if sends:
                await people.letters.invite(connection, address, link, call.account.name)
            told.append({"email": address, "url": link, "invitation_sent": sends})
    if sends:
        people.letters.sent()
    return said(told)


# -- Privileges


async def own_privileges(call: Call) -> Response:
    """One's own privileges."""
    return said(list(call.account.privileges))


async def privileges_of(call: Call) -> Response:
    """Somebody's privileges."""
    return said(list((await other_account(call)).privileges))


async def give_privilege(call: Call) -> Response:
    """Give somebody a privilege."""
    other = await other_account(call, "edit_user_privileges")
    name = call.needed("privilege", "A privilege name must be provided.")
    return await _set_privileges(call, other, [*other.privileges, name])


async def take_privilege(call: Call) -> Response:
    """Take a privilege away from somebody."""
    other = await other_account(call, "edit_user_privileges")
    name = call.needed("privilege", "A privilege name must be provided.")
    if name not in other.privileges:
        raise ApiRefused("The user did not already have that privilege.")
    return await _set_privileges(call, other, [one for one in other.privileges if one != name] or ["user"])


async def _set_privileges(call: Call, other: Account, wanted: list[str]) -> Response:
    require(permissions.may_set_privileges(call.account, other, wanted))
    database = call.desk.people.directory.database
    try:
        async with database.transaction() as connection:
            await store.set_privileges(connection, other.id, wanted)
    except UnknownPrivilege:
        raise ApiRefused("The specified privilege does not exist.") from None
    except Refused as error:
        raise ApiRefused(str(error)) from None
    return nothing()


async def all_privileges(call: Call) -> Response:
    """Which privileges there are."""
    require(permissions.may_see_privileges(call.account))
    return said([name for name, _, _ in await store.privileges(call.desk.people.directory.database)])


async def add_privilege(call: Call) -> Response:
    """Make a privilege."""
    name = call.needed("privilege", "A privilege name must be provided.")
    if not _PRIVILEGE.match(name):
        raise ApiRefused("A privilege is named by small letters and digits.")
    if not await store.add_privilege(call.desk.people.directory.database, name):
        raise ApiRefused("The given privilege already exists.")
    return nothing()


async def remove_privilege(call: Call) -> Response:
    """Take a privilege away from all."""
    name = call.needed("privilege", "A privilege name must be provided.")
    database = call.desk.people.directory.database
    if name in _BUILT_IN or name not in [one for one, is_own, _ in await store.privileges(database) if not is_own]:
        raise ApiRefused("The specified privilege is a built-in privilege, or does not exist.")
    async with database.transaction() as connection:
        await store.remove_privilege(connection, name)
    return nothing()


def _privileges_in(call: Call) -> tuple[str, ...]:
    """One name, a list, or a list as JSON. Raises ApiRefused."""
    given = call.given.get("privileges")
    if isinstance(given, str) and not given.lstrip().startswith("["):
        return (given,) if given else ()
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            raise ApiRefused("List of privileges must be a string or a list.") from None
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ApiRefused("List of privileges must be a string or a list.")
    return tuple(given)


_PROFILE = tuple(Parameter(name, "Of the profile.") for name in _FIELDS)
_PASSWORDS = (
    Parameter("password", "A new password."),
    Parameter("old_password", "The one of before: with it encrypted sessions stay readable."),
)
_ACTIVE = Parameter("active", "Whether they may sign in.", "flag")
_ONE = Parameter("privilege", "Name of a privilege.", is_required=True)
_OTHER = "/api/user/{number:int}"

ENDPOINTS = (
    Endpoint("GET", "/api/user", "One's own account", show_self, answers={200: "The account."}, tag="people"),
    *(
        Endpoint(method, "/api/user", "Change one's own account", change_self, (*_PROFILE, *_PASSWORDS), tag="people")
        for method in ("POST", "PATCH")
    ),
    Endpoint(
        "GET", "/api/user/privileges", "One's own privileges", own_privileges, answers={200: "Names."}, tag="people"
    ),
    Endpoint("GET", _OTHER, "Somebody's account", show_other, answers={200: "The account."}, tag="people"),
    *(
        Endpoint(
            method, _OTHER, "Change somebody's account", change_other, (*_PROFILE, *_PASSWORDS, _ACTIVE), tag="people"
        )
        for method in ("POST", "PATCH")
    ),
    Endpoint(
        "DELETE",
        _OTHER,
        "Close or delete an account",
        remove_other,
        (Parameter("remove", "`account` or `account_and_shared` to delete it; without, it is closed."),),
        tag="people",
    ),
    Endpoint(
        "GET",
        "/api/user_info",
        "An account by its e-mail address",
        user_info,
        (
            Parameter("username", "The e-mail address.", is_required=True),
            Parameter("case_sensitive", "Large and small letters count.", "flag"),
        ),
        needs="access_user_info",
        answers={200: "The account."},
        tag="people",
    ),
    Endpoint(
        "GET",
        "/api/user_list",
        "All accounts",
        user_list,
        (
            Parameter("include_inactive", "Closed ones, too.", "flag"),
            Parameter("next_id", "Of the page before."),
        ),
        needs="access_user_info",
        answers={200: "`{next_id, items}`"},
        tag="people",
    ),
    Endpoint(
        "POST",
        "/api/user/new",
        "Make an account",
        new_user,
        (
            Parameter("username", "The e-mail address.", is_required=True),
            Parameter("password", "4 to 254 letters; without one, one is made and told."),
            Parameter("privileges", "A name, or a list of names."),
            *_PROFILE,
        ),
        needs="create_user",
        answers={200: "`{user_id, password}`"},
        tag="people",
    ),
    Endpoint(
        "POST",
        "/api/user_invite",
        "Invite people",
        invite,
        (
            Parameter("email_addresses", "One address, or a list.", "list", is_required=True),
            Parameter("privilege", "Which they will have; `user` without."),
            Parameter("send_emails", "Send letters; without, only the addresses of the links are told.", "flag"),
        ),
        needs="create_user",
        answers={200: "`[{email, url, invitation_sent}]`"},
        tag="people",
    ),
    Endpoint("GET", "/api/privileges", "All privileges", all_privileges, answers={200: "Names."}, tag="people"),
    Endpoint(
        "POST", "/api/privileges", "Make a privilege", add_privilege, (_ONE,), needs="edit_privileges", tag="people"
    ),
    Endpoint(
        "DELETE",
        "/api/privileges",
        "Remove a privilege",
        remove_privilege,
        (_ONE,),
        needs="edit_privileges",
        tag="people",
    ),
    Endpoint(
        "GET", f"{_OTHER}/privileges", "Somebody's privileges", privileges_of, answers={200: "Names."}, tag="people"
    ),
    Endpoint(
        "POST",
        f"{_OTHER}/privileges",
        "Give a privilege",
        give_privilege,
        (_ONE,),
        needs="edit_user_privileges",
        tag="people",
    ),
    Endpoint(
        "DELETE",
        f"{_OTHER}/privileges",
        "Take a privilege away",
        take_privilege,
        (_ONE,),
        needs="edit_user_privileges",
        tag="people",
    ),
)
