"""The accounts of one run: what it may see and change, asked of the database for the person who runs it.

Changes wait here until the commit that saves the answers carries them out; a run that is refused or killed changes
nothing. What a run asks for after a change sees it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from shared.bus.outbox import Outbox
from shared.contracts.base import Sealer
from shared.contracts.envelope import Envelopes
from shared.contracts.mail import SendMail
from shared.contracts.visitor import Visitor
from shared.crypto.keys import ServerKeys
from shared.crypto.passwords import Cost
from shared.interview.errors import HostRefused
from shared.interview.runtime.people_calls import (
    ChangeUser,
    CreateUser,
    FindUser,
    InviteUser,
    ListUsers,
    MakeSignInLink,
    ManagePrivileges,
    PeopleAnswer,
    PeopleCall,
    ProveUser,
    UserPicture,
)
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused
from shared.mailbox.outgoing import Letter, Outgoing
from shared.people import permissions, store
from shared.people.attempts import Attempts, Limits
from shared.people.directory import Directory, cleaned
from shared.people.links import Links
from shared.people.records import PROFILE_FIELDS, Account, AddressTaken, Profile, UserKey, key_of
from shared.people.wording import invitation
from shared.storage.database import Database, Statements
from shared.storage.errors import Conflict
from shared.stores import sign_in_links
from shared.stores.sign_in_links import SignIn

_NOT_ALLOWED = "The person who runs this interview does not have the privilege that this needs."
_NOT_IN_TASKS = "A background action cannot change accounts. Do it in the response action, or before."
_NO_SUCH = "There is no such user."
_TAKEN = "That e-mail address is already being used."
_MOST_CHANGES = 1000
_PRIVILEGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}\Z")

Change = Callable[[Statements], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class PeopleParts:
    """What runs need to reach accounts."""

    directory: Directory
    links: Links
    attempts: Attempts
    outgoing: Outgoing
    outbox: Outbox
    envelopes: Envelopes
    sealer: Sealer
    """At rest."""
    clock: Clock


class RunPeople:
    """Answers the calls about accounts of one turn or task."""

    def __init__(self, parts: PeopleParts, visitor: Visitor, *, is_read_only: bool = False) -> None:
        self._parts, self._visitor, self._is_read_only = parts, visitor, is_read_only
        self._changes: list[Change] = []
        self._seen: dict[int, Account] = {}
        """Accounts as they will be after the commit."""
        self._before: tuple[Sequence[Change], Mapping[int, Account]] = ((), {})

    @property
    def changes(self) -> Sequence[Change]:
        """What the commit has to do. Each raises Conflict when another transaction was faster."""
        return tuple(self._changes)

    def begin(self, *, goes_on: bool = False) -> None:
        """A run begins: what an earlier attempt asked for is forgotten.

        `goes_on`: it follows a run that has started the session over, and what that one asked for stays.
        """
        changes, seen = self._before if goes_on else ((), {})
        self._changes, self._seen = list(changes), dict(seen)

    def started_over(self) -> None:
        """The run that has just ended starts the session over."""
        self._before = (tuple(self._changes), dict(self._seen))

    async def answer(self, call: PeopleCall) -> PeopleAnswer:
        """Carry out one call. Raises HostRefused with a sentence for the author."""
        asks = await self._asking()
        try:
            match call:
                case ListUsers():
                    return await self._list(call, asks)
                case FindUser():
                    return await self._find(call, asks)
                case ChangeUser():
                    return await self._change(call, asks)
                case CreateUser():
                    return await self._create(call, asks)
                case InviteUser():
                    return await self._invite(call, asks)
                case ManagePrivileges():
                    return await self._privileges(call, asks)
                case MakeSignInLink():
                    return await self._sign_in_link(call)
                case ProveUser():
                    return await self._prove(call)
                case _:
                    assert_never(call)
        except permissions.PermissionMissing:
            raise HostRefused(_NOT_ALLOWED) from None
        except Refused as error:
            raise HostRefused(str(error)) from None

    async def _asking(self) -> Account | None:
        """Who runs it, as the database knows them now; None for somebody anonymous, or a closed account."""
        user = self._visitor.user
        if not user.is_authenticated or not user.the_user_id.isdigit():
            return None
        account = await self._account(int(user.the_user_id))
        return account if account is not None and account.is_active else None

    async def _account(self, account_id: int) -> Account | None:
        return self._seen.get(account_id) or await store.by_id(self._parts.directory.database, account_id)

    async def _by_email(self, email: str) -> Account | None:
        for account in self._seen.values():
            if key_of(account.email) == key_of(email):
                return account
        return await store.by_email(self._parts.directory.database, email)

    async def _list(self, call: ListUsers, asks: Account | None) -> PeopleAnswer:
        permissions.require(permissions.may_list(asks))
        database = self._parts.directory.database
        accounts, further = await store.page(database, after=call.after, includes_inactive=call.includes_inactive)
        users = [_picture(self._seen.get(account.id, account)) for account in accounts]
        return PeopleAnswer(users=tuple(users), next_after=further)

    async def _find(self, call: FindUser | ChangeUser, asks: Account | None) -> PeopleAnswer:
        found = await self._named(call, asks)
        is_theirs = found is not None and permissions.may_see(asks, found.id)
        permissions.require(is_theirs or permissions.may_list(asks))
        return PeopleAnswer(users=() if found is None else (_picture(found),))

    async def _named(self, call: FindUser | ChangeUser, asks: Account | None) -> Account | None:
        if call.user_id is not None:
            return await self._account(call.user_id)
        return await self._by_email(call.email) if call.email else asks

    async def _change(self, call: ChangeUser, asks: Account | None) -> PeopleAnswer:
        self._may_change()
        other = await self._named(call, asks)
        if asks is None:
            raise permissions.PermissionMissing
        if other is None:
            permissions.require(permissions.may_list(asks))
            raise HostRefused(_NO_SUCH)
        changed, rows = other, list[Change]()
        if call.profile:
            permissions.require(permissions.may_edit(asks, other))
            told = cleaned(_profile(call.profile, other.profile))
            changed = replace(changed, profile=told)
            names = frozenset(call.profile)
            rows.append(lambda statements: store.set_profile(statements, other.id, told, names=names))
        if call.privileges is not None:
            wanted = tuple(dict.fromkeys(call.privileges))
            permissions.require(permissions.may_set_privileges(asks, other, wanted))
            await store.check_privileges(self._parts.directory.database, wanted)
            changed = replace(changed, privileges=wanted)
            rows.append(lambda statements: store.set_privileges(statements, other.id, wanted))
        if call.is_active is not None and call.is_active != other.is_active:
            is_active = call.is_active
            permissions.require(permissions.may_set_active(asks, other))
            changed = replace(changed, is_active=is_active)
            rows.append(lambda statements: store.set_active(statements, other.id, is_active))
        if call.password is not None:
            rows.append(await self._password(call, asks, other))
        self._changes += rows
        self._seen[other.id] = changed
        return PeopleAnswer(users=(_picture(changed),))

    async def _password(self, call: ChangeUser, asks: Account, other: Account) -> Change:
        """With the old password the same key stays; without it, sessions of before are lost (spec/area2 §3.2)."""
        directory, is_own = self._parts.directory, asks.id == other.id
        permissions.require(permissions.may_set_password(asks, other) or (is_own and call.old_password is not None))
        key = None
        if call.old_password is not None:
            key = await self._checked(other, call.old_password)
        elif other.server_opens:
            key = await directory.key_without_password(other)
        secrets, kept = await directory.under_new_password(other, call.password or "", key, shortest=4)

        async def store_it(statements: Statements) -> None:
            await directory.set_password(statements, secrets, kept)

        return store_it

    async def _create(self, call: CreateUser, asks: Account | None) -> PeopleAnswer:
        self._may_change()
        permissions.require(permissions.may_create(asks, call.privileges))
        directory = self._parts.directory
        if await self._by_email(call.email) is not None:
            raise HostRefused(_TAKEN)
        await store.check_privileges(directory.database, call.privileges)
        profile = _profile(call.profile, Profile())
        new = await directory.prepare(
            email=call.email, password=call.password, profile=profile, privileges=call.privileges
        )

        async def add(statements: Statements) -> None:
            try:
                await directory.add(statements, new)
            except AddressTaken:
                raise Conflict from None

        self._changes.append(add)
        self._seen[new.id] = directory.preview(new)
        return PeopleAnswer(number=new.id)

    async def _invite(self, call: InviteUser, asks: Account | None) -> PeopleAnswer:
        self._may_change()
        permissions.require(permissions.may_create(asks, (call.privilege,)))
        parts = self._parts
        await store.check_privileges(parts.directory.database, (call.privilege,))
        address = parts.directory.checked(call.email)
        if await self._by_email(address) is not None:
            raise HostRefused(_TAKEN)
        token = parts.links.new_token()
        link = f"{self._visitor.request.url_root}user/register?token={token}"
        subject, text = invitation("Colloquy", link, asks.name if asks else "")

        async def invite(statements: Statements) -> None:
            data = {"email": address, "privilege": call.privilege}
            await parts.links.make(statements, "invitation", data, token=token)
            if call.sends:
                mail_id = await parts.outgoing.add(statements, Letter(address, subject, text), kind="account")
                await parts.outbox.add(statements, [parts.envelopes.wrap(SendMail(mail_id=mail_id), subject="")])

        self._changes.append(invite)
        return PeopleAnswer(text="" if call.sends else link)

    async def _privileges(self, call: ManagePrivileges, asks: Account | None) -> PeopleAnswer:
        database = self._parts.directory.database
        if call.order in ("list", "inspect"):
            permissions.require(permissions.may_see_privileges(asks))
            known = await store.privileges(database)
            if call.order == "list":
                return PeopleAnswer(names=tuple(name for name, _, _ in known))
            allowed = {one for name, _, allowed in known if name in call.names for one in allowed}
            return PeopleAnswer(names=tuple(sorted(allowed)))
        self._may_change()
        permissions.require(permissions.may_change_privileges(asks))
        for name in call.names:
            if not _PRIVILEGE.match(name):
                raise HostRefused("A privilege is named by letters and digits.")
            self._changes.append(_adding(name) if call.order == "add" else _removing(name))
        return PeopleAnswer()

    async def _prove(self, call: ProveUser) -> PeopleAnswer:
        key = await self._proven(call)
        return PeopleAnswer(text=f"{key.holder}.{key.key.hex()}")

    async def _sign_in_link(self, call: MakeSignInLink) -> PeopleAnswer:
        key, parts = await self._proven(call), self._parts
        sign_in = SignIn(key.account_id, key.number, key.key, call.go_on)
        now = parts.clock.now()
        text = await sign_in_links.make(parts.directory.database, parts.sealer, sign_in, seconds=call.seconds, now=now)
        return PeopleAnswer(text=text)

    async def _proven(self, call: ProveUser | MakeSignInLink) -> UserKey:
        account = await self._by_email(call.email)
        if account is not None and account.has_second_factor:
            await self._checked(account, call.password)
            raise HostRefused("This account has a second factor, so that its password alone opens nothing.")
        return await self._checked(account, call.password, email=call.email)

    async def _checked(self, account: Account | None, password: str, *, email: str = "") -> UserKey:
        """The key behind a password, counted like an attempt to sign in. Raises HostRefused."""
        parts = self._parts
        database = parts.directory.database
        subject = account.email if account is not None else email
        attempt = await parts.attempts.begin(
            database, kind="password", subject=subject, address=self._visitor.request.client_ip or ""
        )
        secrets = None if account is None else await store.secrets_of(database, account.id)
        number, key_number = (0, 0) if account is None else (account.id, account.key_number)
        key = await parts.directory.credentials.opened_by_password(secrets, number, key_number, password)
        if account is None or key is None or not account.is_active:
            raise HostRefused("The user name or the password is not right.")
        await parts.attempts.succeed(database, attempt)
        return key

    def _may_change(self) -> None:
        if self._is_read_only:
            raise HostRefused(_NOT_IN_TASKS)
        if len(self._changes) >= _MOST_CHANGES:
            raise HostRefused("One run cannot change so many accounts.")


def _adding(name: str) -> Change:
    async def add(statements: Statements) -> None:
        await store.add_privilege(statements, name)

    return add


def _removing(name: str) -> Change:
    return lambda statements: store.remove_privilege(statements, name)


def _profile(given: dict[str, str], before: Profile) -> Profile:
    known = {name: value for name, value in given.items() if name in PROFILE_FIELDS}
    return replace(before, **known)


def _picture(account: Account) -> UserPicture:
    return UserPicture(
        id=account.id,
        email=account.email,
        profile={name: getattr(account.profile, name) for name in PROFILE_FIELDS},
        privileges=account.privileges,
        is_active=account.is_active,
        login_method=account.login_method,
    )


def people_parts(
    *,
    database: Database,
    server_keys: ServerKeys,
    outbox: Outbox,
    envelopes: Envelopes,
    clock: Clock,
    password_memory_kib: int,
) -> PeopleParts:
    """The parts, put together for a service."""
    cost = Cost(memory_kib=password_memory_kib)
    return PeopleParts(
        directory=Directory(database=database, server_keys=server_keys, clock=clock, cost=cost),
        links=Links(server_keys=server_keys, clock=clock),
        attempts=Attempts(limits=Limits(), clock=clock),
        outgoing=Outgoing(sealer=server_keys.at_rest, clock=clock),
        outbox=outbox,
        envelopes=envelopes,
        sealer=server_keys.at_rest,
        clock=clock,
    )
