"""The rows of the schema `people`: its only writer. Everything runs on the statements it is given.

Knows no rules: who may do something stands in permissions.py, what is checked before in directory.py and sign_in.py.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from shared.people.records import (
    PROFILE_FIELDS,
    Account,
    AddressTaken,
    LastAdministrator,
    NotForPeople,
    Profile,
    Secrets,
    UnknownPrivilege,
    key_of,
)
from shared.storage.database import Row, Statements
from shared.storage.errors import UniqueViolation

_COLUMNS = f"""a.id, a.email, {", ".join(f"a.{name}" for name in PROFILE_FIELDS)}, a.privileges, a.is_active,
       a.login_method, a.key_number, a.epoch, a.password_hash is not null as has_password,
       a.totp_sealed is not null as has_second_factor, a.key_sealed is not null as server_opens,
       a.created_at, a.last_login_at,
       array(select distinct unnest(p.permissions) from people.privileges p where p.name = any(a.privileges))
           as permissions"""  # noqa: S608
_BY_ID = f"select {_COLUMNS} from people.accounts a where a.id = $1"  # noqa: S608  (made of constants)
_BY_EMAIL = f"select {_COLUMNS} from people.accounts a where a.email_key = $1"  # noqa: S608
_BY_IDENTITY = f"""
select {_COLUMNS} from people.accounts a join people.identities i on i.account_id = a.id
where i.provider = $1 and i.subject = $2
"""  # noqa: S608
_PAGE = f"""
select {_COLUMNS} from people.accounts a
where a.id > $1 and (a.is_active or $2) and ($4 = '' or a.email_key like $4 or lower(a.first_name) like $4
      or lower(a.last_name) like $4)
order by a.id limit $3
"""  # noqa: S608
_NEXT = "select nextval(pg_get_serial_sequence('people.accounts', 'id'))"
_INSERT = f"""
insert into people.accounts (id, email, email_key, privileges, login_method, {", ".join(PROFILE_FIELDS)}, is_active,
                             password_hash, key_salt, key_wrapped, key_sealed, created_at, password_changed_at)
overriding system value
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20)
"""  # noqa: S608
_SECRETS = "select password_hash, key_salt, key_wrapped, key_sealed from people.accounts where id = $1"
_SET_SECRETS = """
update people.accounts set password_hash = $2, key_salt = $3, key_wrapped = $4, key_sealed = $5, key_number = $6,
       epoch = epoch + 1, password_changed_at = $7
where id = $1 returning epoch
"""
_SET_SEALED_KEY = "update people.accounts set key_sealed = $2 where id = $1"
_SET_EMAIL = "update people.accounts set email = $2, email_key = $3 where id = $1"
_SET_ACTIVE = """
update people.accounts set is_active = $2, epoch = epoch + case when $2 then 0 else 1 end where id = $1
"""
_SET_PRIVILEGES = "update people.accounts set privileges = $2 where id = $1"
_LOCK_ADMINS = """
select id from people.accounts where is_active and 'admin' = any(privileges) order by id for update
"""
_SEEN = "update people.accounts set last_login_at = $2 where id = $1"
_END_SIGN_INS = "update people.accounts set epoch = epoch + 1 where id = $1"
_DELETE = "delete from people.accounts where id = $1"
_ADD_IDENTITY = """
insert into people.identities (provider, subject, account_id) values ($1, $2, $3) on conflict do nothing
"""
_IDENTITIES = "select provider from people.identities where account_id = $1 order by provider"
_PRIVILEGES = "select name, is_builtin, permissions from people.privileges order by not is_builtin, name"
_KNOWN_PRIVILEGES = "select name from people.privileges where name = any($1)"
_ADD_PRIVILEGE = "insert into people.privileges (name, permissions) values ($1, $2) on conflict do nothing"
_SET_PERMISSIONS = "update people.privileges set permissions = $2 where name = $1 and not is_builtin"
_REMOVE_PRIVILEGE = """
with gone as (delete from people.privileges where name = $1 and not is_builtin returning name)
update people.accounts set privileges = coalesce(nullif(array_remove(privileges, $1), '{}'), '{user}')
from gone where gone.name = any(privileges)
"""
_TOTP = "select totp_sealed, totp_step from people.accounts where id = $1"
_SET_TOTP = "update people.accounts set totp_sealed = $2, totp_step = $3 where id = $1"
_USE_TOTP = "update people.accounts set totp_step = $2 where id = $1 and totp_step < $2"
_DROP_CODES = "delete from people.recovery_codes where account_id = $1"
_ADD_CODES = "insert into people.recovery_codes (account_id, code_hash) select $1, unnest($2::bytea[])"
_USE_CODE = "delete from people.recovery_codes where account_id = $1 and code_hash = $2"
_COUNT_CODES = "select count(*) from people.recovery_codes where account_id = $1"
_ADD_LINK = """
insert into people.tokens (token_hash, purpose, account_id, data_sealed, expires_at) values ($1, $2, $3, $4, $5)
"""
_FIND_LINK = (
    "select account_id, data_sealed from people.tokens where token_hash = $1 and purpose = $2 and expires_at > $3"
)
_USE_LINK = "delete from people.tokens where token_hash = $1 and purpose = $2 and expires_at > $3"
_DROP_LINKS = "delete from people.tokens where account_id = $1 and purpose = any($2)"
_DROP_OLD = """
with tokens as (delete from people.tokens where expires_at < $1),
     devices as (delete from people.known_devices where seen_at < $2)
delete from people.attempts where first_at < $3 and (locked_until is null or locked_until < $1)
"""

_MOST_ON_A_PAGE = 100


def account_of(row: Row) -> Account:
    """A row of the columns above."""
    return Account(
        id=row["id"],
        email=row["email"] or "",
        profile=Profile(**{name: row[name] for name in PROFILE_FIELDS}),
        privileges=tuple(row["privileges"]),
        permissions=frozenset(row["permissions"]),
        is_active=row["is_active"],
        login_method=row["login_method"],
        key_number=row["key_number"],
        epoch=row["epoch"],
        has_password=row["has_password"],
        has_second_factor=row["has_second_factor"],
        server_opens=row["server_opens"],
        created_at=row["created_at"],
        last_login_at=row["last_login_at"],
    )


async def by_id(statements: Statements, account_id: int) -> Account | None:
    """The account of this number, active or not."""
    row = await statements.fetchrow(_BY_ID, account_id) if 0 < account_id < 2**63 else None
    return None if row is None else account_of(row)


async def by_email(statements: Statements, address: str) -> Account | None:
    """The account of this address, however its letters are written."""
    row = await statements.fetchrow(_BY_EMAIL, key_of(address))
    return None if row is None else account_of(row)


async def by_identity(statements: Statements, provider: str, subject: str) -> Account | None:
    """The account of somebody who is known elsewhere by this name."""
    row = await statements.fetchrow(_BY_IDENTITY, provider, subject)
    return None if row is None else account_of(row)


async def page(
    statements: Statements, *, after: int = 0, includes_inactive: bool = False, search: str = ""
) -> tuple[list[Account], int | None]:
    """A hundred accounts in the order they were made, and after which number the next page begins."""
    pattern = f"%{_escaped(key_of(search))}%" if search.strip() else ""
    rows = await statements.fetch(_PAGE, after, includes_inactive, _MOST_ON_A_PAGE + 1, pattern)
    accounts = [account_of(row) for row in rows[:_MOST_ON_A_PAGE]]
    return accounts, accounts[-1].id if len(rows) > _MOST_ON_A_PAGE else None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def next_id(statements: Statements) -> int:
    """A number for an account that is to be made; one that is never used leaves a gap."""
    number: int = await statements.fetchval(_NEXT)
    return number


async def insert(
    statements: Statements,
    account_id: int,
    *,
    email: str,
    profile: Profile,
    privileges: Sequence[str],
    secrets: Secrets,
    now: datetime,
    login_method: str = "local",
    is_active: bool = True,
) -> None:
    """Make an account. Raises AddressTaken, UnknownPrivilege."""
    await check_privileges(statements, privileges)
    try:
        await statements.execute(
            _INSERT,
            account_id,
            email,
            key_of(email),
            list(dict.fromkeys(privileges)),
            login_method,
            *(getattr(profile, name) for name in PROFILE_FIELDS),
            is_active,
            secrets.password_hash,
            secrets.key_salt,
            secrets.key_wrapped,
            secrets.key_sealed,
            now,
        )
    except UniqueViolation:
        raise AddressTaken from None


async def secrets_of(statements: Statements, account_id: int) -> Secrets | None:
    """What proves who they are, and opens their key."""
    row = await statements.fetchrow(_SECRETS, account_id)
    return None if row is None else Secrets(row[0], row[1], row[2], row[3])


async def set_secrets(
    statements: Statements, account_id: int, secrets: Secrets, *, key_number: int, now: datetime
) -> int:
    """A new password, or none; all sign-ins of before are over. Gives the new epoch."""
    epoch: int = await statements.fetchval(
        _SET_SECRETS,
        account_id,
        secrets.password_hash,
        secrets.key_salt,
        secrets.key_wrapped,
        secrets.key_sealed,
        key_number,
        now,
    )
    return epoch


async def set_sealed_key(statements: Statements, account_id: int, key_sealed: bytes | None) -> None:
    """Let the server open their key, too, or not any more."""
    await statements.execute(_SET_SEALED_KEY, account_id, key_sealed)


async def set_profile(
    statements: Statements, account_id: int, profile: Profile, *, names: Collection[str] = PROFILE_FIELDS
) -> None:
    """Write down what somebody tells of themselves. Only these fields, so that others may change the rest meanwhile."""
    told = [name for name in PROFILE_FIELDS if name in names]
    if told:
        columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(told, start=2))
        statement = f"update people.accounts set {columns} where id = $1"  # noqa: S608  # names of our own
        await statements.execute(statement, account_id, *(getattr(profile, name) for name in told))


async def set_email(statements: Statements, account_id: int, address: str) -> None:
    """Another address. Raises AddressTaken."""
    try:
        await statements.execute(_SET_EMAIL, account_id, address, key_of(address))
    except UniqueViolation:
        raise AddressTaken from None


async def set_active(statements: Statements, account_id: int, is_active: bool) -> None:
    """Close or open an account, in a transaction; its sign-ins are over when it is closed.

    Raises LastAdministrator, NotForPeople.
    """
    await _keep_our_own(statements, account_id)
    if not is_active:
        await _keep_an_administrator(statements, account_id)
    await statements.execute(_SET_ACTIVE, account_id, is_active)


async def set_privileges(statements: Statements, account_id: int, privileges: Sequence[str]) -> None:
    """Give these privileges, in a transaction. Raises UnknownPrivilege, LastAdministrator, NotForPeople."""
    await _keep_our_own(statements, account_id)
    await check_privileges(statements, privileges)
    if "admin" not in privileges:
        await _keep_an_administrator(statements, account_id)
    await statements.execute(_SET_PRIVILEGES, account_id, list(dict.fromkeys(privileges)))


async def _keep_an_administrator(statements: Statements, account_id: int) -> None:
    """Lock the rows of all administrators, so that two who leave at once do not both see the other one stay."""
    rows = await statements.fetch(_LOCK_ADMINS)
    if [row[0] for row in rows] == [account_id]:
        raise LastAdministrator


_IS_OURS = "select 1 from people.accounts where id = $1 and 'cron' = any(privileges)"


async def _keep_our_own(statements: Statements, account_id: int) -> None:
    """The account that scheduled actions run as stays as it is."""
    if await statements.fetchval(_IS_OURS, account_id):
        raise NotForPeople


async def check_may_leave(statements: Statements, account_id: int) -> None:
    """Raises LastAdministrator."""
    await _keep_an_administrator(statements, account_id)


async def delete(statements: Statements, account_id: int) -> None:
    """Forget an account, in a transaction. Raises LastAdministrator, NotForPeople."""
    await _keep_our_own(statements, account_id)
    await _keep_an_administrator(statements, account_id)
    await statements.execute(_DELETE, account_id)


async def note_sign_in(statements: Statements, account_id: int, *, now: datetime) -> None:
    """They have signed in."""
    await statements.execute(_SEEN, account_id, now)


async def end_sign_ins(statements: Statements, account_id: int) -> None:
    """Whoever is signed in under this account is not any more."""
    await statements.execute(_END_SIGN_INS, account_id)


async def add_identity(statements: Statements, provider: str, subject: str, account_id: int) -> bool:
    """They are known elsewhere by this name; False when somebody else is."""
    return await statements.execute(_ADD_IDENTITY, provider, subject, account_id) == "INSERT 0 1"


async def identities(statements: Statements, account_id: int) -> list[str]:
    """Where else they are known."""
    return [row[0] for row in await statements.fetch(_IDENTITIES, account_id)]


# -- Privileges ------------------------------------------------------------------------------------------------------


async def privileges(statements: Statements) -> list[tuple[str, bool, tuple[str, ...]]]:
    """(name, whether it belongs to the house, permissions) of every privilege."""
    return [(row[0], row[1], tuple(row[2])) for row in await statements.fetch(_PRIVILEGES)]


async def check_privileges(statements: Statements, wanted: Sequence[str]) -> None:
    """Raises UnknownPrivilege when one is not there, or none is named."""
    known = {row[0] for row in await statements.fetch(_KNOWN_PRIVILEGES, list(wanted))}
    if not wanted or not known.issuperset(wanted):
        raise UnknownPrivilege


async def add_privilege(statements: Statements, name: str, permissions: Sequence[str] = ()) -> bool:
    """Make a privilege; False when it is there already."""
    return await statements.execute(_ADD_PRIVILEGE, name, list(permissions)) == "INSERT 0 1"


async def set_permissions(statements: Statements, name: str, permissions: Sequence[str]) -> bool:
    """What a privilege of one's own allows; False when there is none."""
    return await statements.execute(_SET_PERMISSIONS, name, list(permissions)) == "UPDATE 1"


async def remove_privilege(statements: Statements, name: str) -> None:
    """Take a privilege away from all, and from the list; those of the house stay."""
    await statements.execute(_REMOVE_PRIVILEGE, name)


# -- The second factor -----------------------------------------------------------------------------------------------


async def totp_of(statements: Statements, account_id: int) -> tuple[bytes, int] | None:
    """The sealed secret, and the last time step that was used."""
    row = await statements.fetchrow(_TOTP, account_id)
    return None if row is None or row[0] is None else (row[0], row[1])


async def set_totp(statements: Statements, account_id: int, sealed: bytes | None, *, step: int = 0) -> None:
    """Turn the second factor on or off."""
    await statements.execute(_SET_TOTP, account_id, sealed, step)


async def use_totp(statements: Statements, account_id: int, step: int) -> bool:
    """Mark a time step as used; False when it or a later one was used before."""
    return await statements.execute(_USE_TOTP, account_id, step) == "UPDATE 1"


async def set_recovery_codes(statements: Statements, account_id: int, hashes: Sequence[bytes]) -> None:
    """These codes, and no others, stand in for the second factor."""
    await statements.execute(_DROP_CODES, account_id)
    await statements.execute(_ADD_CODES, account_id, list(hashes))


async def use_recovery_code(statements: Statements, account_id: int, code_hash: bytes) -> bool:
    """Use up a code; False when it is none of theirs."""
    return await statements.execute(_USE_CODE, account_id, code_hash) == "DELETE 1"


async def count_recovery_codes(statements: Statements, account_id: int) -> int:
    """How many are left."""
    number: int = await statements.fetchval(_COUNT_CODES, account_id)
    return number


# -- Links that were mailed ------------------------------------------------------------------------------------------


async def add_token(
    statements: Statements,
    token_hash: bytes,
    purpose: str,
    data_sealed: bytes,
    *,
    expires_at: datetime,
    account_id: int | None,
) -> None:
    """Remember a link."""
    await statements.execute(_ADD_LINK, token_hash, purpose, account_id, data_sealed, expires_at)


async def find_token(
    statements: Statements, token_hash: bytes, purpose: str, *, now: datetime
) -> tuple[int | None, bytes] | None:
    """What a link is about, as long as it can be used."""
    row = await statements.fetchrow(_FIND_LINK, token_hash, purpose, now)
    return None if row is None else (row[0], row[1])


async def use_token(statements: Statements, token_hash: bytes, purpose: str, *, now: datetime) -> bool:
    """Use up a link; False when somebody else has."""
    return await statements.execute(_USE_LINK, token_hash, purpose, now) == "DELETE 1"


async def drop_tokens(statements: Statements, account_id: int, purposes: Sequence[str]) -> None:
    """Links of these kinds that were sent to them do nothing any more."""
    await statements.execute(_DROP_LINKS, account_id, list(purposes))


async def drop_old(
    statements: Statements, *, now: datetime, devices_before: datetime, attempts_before: datetime
) -> None:
    """Forget links, devices and attempts that mean nothing any more."""
    await statements.execute(_DROP_OLD, now, devices_before, attempts_before)
