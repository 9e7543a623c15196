"""Mail and text messages that came for sessions: rows, and what they say in a box that only the session opens.

The mail service adds, the session service and the worker read; what interviews make of it are files of the session.
Who receives it knows the numbers that its files will have, and where their contents lie; they become the session's when
somebody who has its keys reads the mail for the first time.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.crypto.aead import KeyPair, SealBroken, associated_data, close_box, derive_key, open_box
from shared.crypto.keys import ServerKeys
from shared.mailbox.addresses import Address, Kind, KnownAddress
from shared.storage.database import Row, Statements

log = structlog.get_logger()

State = Literal["received", "quarantined"]
Action = Literal["fetching", "waiting", "running", "closed", "done", "kept", "failed"]
"""What has become of its action. fetching: the files of a text message are on their way; closed: it waits for somebody
who opens the session; kept: it is not run, because there is no such block, or whose address it is has no account any
more."""

_ADD = """
insert into mailbox.mails (id, local_part, session_id, digest, state, reason, size_bytes, received_at, contents_box,
                           raw_location, part_locations, kind, action)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
on conflict do nothing
returning id
"""
_COLUMNS = (
    "id, local_part, session_id, state, action, reason, size_bytes, received_at, contents_box, media_box, "
    "part_locations"
)
_OF_SESSION = f"""
select {_COLUMNS} from mailbox.mails where session_id = $1 and state = 'received' and ($2::text[] is null or
       local_part = any($2)) order by received_at, id limit $3
"""  # noqa: S608  (made of constants)
_FIND = f"select {_COLUMNS} from mailbox.mails where id = $1"  # noqa: S608
_TAKE_PARTS = """
update mailbox.mails set part_locations = '{}'
where id = any($1::uuid[]) and part_locations <> '{}'
returning id::text
"""
_FORGET_SESSION = "delete from mailbox.mails where session_id = $1 returning raw_location, part_locations"
_FORGET_OWNER = """
delete from mailbox.mails where local_part in (select local_part from mailbox.addresses where owner = $1)
returning raw_location, part_locations
"""
_DELETE = "delete from mailbox.mails where id = $1 returning raw_location, part_locations"
_DELETE_QUARANTINED = """
delete from mailbox.mails where id = $1 and state = 'quarantined' returning raw_location, part_locations
"""
_LOAD = """
select (select count(*) from mailbox.mails m where m.local_part = a.local_part and m.received_at > $2) as recent,
       (select coalesce(sum(size_bytes), 0)::bigint from mailbox.mails m where m.session_id = a.session_id) as total
from mailbox.addresses a where a.local_part = $1 and a.retired_at is null and a.kind = $3
"""
_QUARANTINE = """
select id::text, local_part, session_id::text, reason, size_bytes, received_at from mailbox.mails
where state = 'quarantined' order by received_at limit $1
"""
_RELEASE = """
update mailbox.mails set state = 'received', reason = '' where id = $1 and state = 'quarantined'
returning session_id::text
"""
_TO_DO = """
select m.id::text, m.kind, m.local_part, m.action, m.task_id::text, a.owner, a.interview
from mailbox.mails m join mailbox.addresses a using (local_part)
where m.session_id = $1 and m.state = 'received' and"""
_HEAD = f"""
({_TO_DO} m.action = 'running' limit 1)
union all
({_TO_DO} (m.action in ('fetching', 'waiting') or ($2 and m.action = 'closed')) order by m.received_at, m.id limit 1)
limit 1
"""
"""In the order of an index: a sort would go through all that wait, again for each of them."""
_SET_ACTION = """
update mailbox.mails set action = $2, task_id = coalesce($3, task_id) where id = $1 and action = any($4)
returning id
"""
_ADD_PART = """
update mailbox.mails set part_locations = part_locations || $2::text, size_bytes = size_bytes + $3
where id = $1 and action = 'fetching'
returning id
"""
_SET_MEDIA = """
update mailbox.mails set media_box = $2, action = 'waiting' where id = $1 and action = 'fetching' returning id
"""
_HAS_CLOSED = "select exists (select 1 from mailbox.mails where session_id = $1 and action = 'closed')"
_MOST_AT_ONCE = 10_000


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Mailbox(_Record):
    """Somebody who is named in a mail."""

    name: str = ""
    address: str = ""


class MailPart(_Record):
    """A part of a mail, as the file that it will be."""

    role: Literal["headers", "text", "html", "attachment"]
    number: int
    filename: str
    mimetype: str
    size_bytes: int
    location: str
    key: str = Field(repr=False)
    """base64."""


MediaProblem = Literal[
    "not_yet", "not_fetched", "no_answer", "missing", "refused", "too_large", "no_room", "foreign", "no_account"
]
"""Why there is no file; docs/authors/text-messages.md says what each of them means. not_fetched: the message came to a
release that left files where they were, or its order cannot be read any more.
"""


class TextMedia(_Record):
    """A file that came with a text message: it lies with whoever delivered that, until it is fetched."""

    url: str
    mimetype: str = ""
    """As whoever delivered it says."""
    problem: MediaProblem | None = "not_fetched"
    """None: it is the next of the parts."""


class FetchedMedia(_Record):
    """What has become of the files of a text message; until all is known in its order, then in its box."""

    media: tuple[TextMedia, ...]
    parts: tuple[MailPart, ...] = ()

    @property
    def missing(self) -> list[int]:
        """The places in `media` of those that are still to be fetched."""
        return [place for place, one in enumerate(self.media) if one.problem == "not_yet"]

    def with_outcome(self, place: int, outcome: MailPart | MediaProblem) -> FetchedMedia:
        """One of them is there, or will not come."""
        media, parts = list(self.media), list(self.parts)
        is_there = isinstance(outcome, MailPart)
        media[place] = media[place].model_copy(update={"problem": None if is_there else outcome})
        if isinstance(outcome, MailPart):
            parts.insert(sum(one.problem is None for one in media[:place]), outcome)
        return FetchedMedia(media=tuple(media), parts=tuple(parts))


class Verdicts(_Record):
    """What is known of whether the sender is who it says: `none` where nothing can be told."""

    spf: str = "none"
    dkim: str = "none"
    dmarc: str = "none"
    wanted: str = "none"
    """What the sender's domain asks for where DMARC fails: `none`, `quarantine` or `reject`."""
    is_unsure: bool = False
    """Whether DMARC might have passed, had the resolver answered everything."""
    detail: str = ""
    """As an Authentication-Results header (RFC 8601) says it."""


class MailContents(_Record):
    """All that is known of a mail; only ever in its box."""

    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    sender: Mailbox | None = None
    reply_to: Mailbox | None = None
    return_path: Mailbox | None = None
    subject: str | None = None
    date: str = ""
    """ISO 8601 with an offset; empty when the mail does not tell one that can be read."""
    message_id: str = ""
    is_automatic: bool = False
    """A program has sent it by itself: a bounce, an absence note, a list (RFC 3834)."""
    verdicts: Verdicts = Verdicts()
    parts: tuple[MailPart, ...] = ()
    raw: MailPart | None = None
    text: str = ""
    """What a text message says; what a mail says is in its parts."""
    media: tuple[TextMedia, ...] = ()


class NewMail(_Record):
    """A mail for one address, ready to be kept."""

    mail_id: str
    address: KnownAddress
    digest: bytes
    state: State = "received"
    reason: str = ""
    size_bytes: int
    received_at: datetime
    contents: MailContents = Field(repr=False)
    kind: Kind = "mail"
    action: Action = "waiting"

    @property
    def locations(self) -> tuple[str, ...]:
        """Where its contents lie, the whole mail first."""
        parts = tuple(part.location for part in self.contents.parts)
        return (self.contents.raw.location, *parts) if self.contents.raw else parts


class ReceivedMail(_Record):
    """A row, opened."""

    mail_id: str
    local_part: str
    state: State
    reason: str
    size_bytes: int
    received_at: datetime
    contents: MailContents = Field(repr=False)
    are_parts_files: bool
    """Whether its parts are files of the session already."""


class Load(_Record):
    """How much mail there is."""

    recent: int
    """For the address, since some moment."""
    bytes_of_session: int
    """In all."""


class MailToDo(_Record):
    """The mail of a session whose turn it is."""

    mail_id: str
    kind: Kind
    action: Action
    task_id: str | None
    owner: str
    interview: str


def digest_of(server_keys: ServerKeys, said: bytes) -> bytes:
    """What makes two mails the same; tells nothing to those who have only the database."""
    key = derive_key(server_keys.newest.rest, purpose="mail digests")
    return hmac.digest(key, said, "sha256")


async def add(statements: Statements, mail: NewMail) -> bool:
    """Keep a mail, in the caller's transaction; False for one that is there already."""
    box = close_box(
        mail.address.public_key, mail.contents.model_dump_json().encode(), associated=_place(mail.mail_id, mail.address)
    )
    added = await statements.fetchval(
        _ADD,
        mail.mail_id,
        mail.address.local_part,
        mail.address.session_id,
        mail.digest,
        mail.state,
        mail.reason,
        mail.size_bytes,
        mail.received_at,
        box,
        mail.contents.raw.location if mail.contents.raw else "",
        [part.location for part in mail.contents.parts],
        mail.kind,
        mail.action,
    )
    return added is not None


async def add_part(statements: Statements, mail_id: str, part: MailPart) -> bool:
    """A file of a text message has come while others are missing: from now on its contents go with the message. False
    when nothing is missing any more, and when the message is gone.
    """
    return await statements.fetchval(_ADD_PART, mail_id, part.location, part.size_bytes) is not None


async def set_media(statements: Statements, mail_id: str, address: KnownAddress, fetched: FetchedMedia | None) -> bool:
    """The files of a text message are there, each by `add_part`, or will not come: its action may run. With None it
    stays at what the message says of them. False when it was known before, and when the message is gone.
    """
    box = None
    if fetched is not None:
        box = close_box(
            address.public_key, fetched.model_dump_json().encode(), associated=_place(mail_id, address, "media")
        )
    return await statements.fetchval(_SET_MEDIA, mail_id, box) is not None


async def of_session(
    statements: Statements, session_id: str, addresses: Sequence[Address], *, most: int = _MOST_AT_ONCE
) -> list[ReceivedMail]:
    """The mail that came for these addresses, the oldest first; what is in quarantine is left out."""
    by_name = {address.local_part: address for address in addresses}
    rows = await statements.fetch(_OF_SESSION, session_id, list(by_name), most)
    return [mail for row in rows if (mail := _opened(row, by_name[row["local_part"]].pair)) is not None]


async def find(statements: Statements, mail_id: str, addresses: Sequence[Address]) -> ReceivedMail | None:
    """One mail, also one that is in quarantine, if it came for one of these addresses."""
    row = await statements.fetchrow(_FIND, mail_id)
    address = None if row is None else next((one for one in addresses if one.local_part == row["local_part"]), None)
    return None if row is None or address is None else _opened(row, address.pair)


async def take_parts(statements: Statements, mail_ids: Sequence[str]) -> set[str]:
    """Who gets an id here makes its parts files of the session, in this transaction; nobody gets it twice."""
    return {row[0] for row in await statements.fetch(_TAKE_PARTS, list(mail_ids))}


async def forget_session(statements: Statements, session_id: str) -> list[str]:
    """The session is gone: its mail goes with it. Gives where contents lie that nobody else has."""
    return _locations(await statements.fetch(_FORGET_SESSION, session_id))


async def forget_owner(statements: Statements, owner: str) -> list[str]:
    """The account is gone: what came for its addresses goes with it. Gives as `forget_session` does."""
    return _locations(await statements.fetch(_FORGET_OWNER, owner))


async def delete(statements: Statements, mail_id: str) -> list[str]:
    """Delete one mail. Gives where contents lie that nobody else has."""
    return _locations(await statements.fetch(_DELETE, mail_id))


async def delete_quarantined(statements: Statements, mail_id: str) -> list[str] | None:
    """Delete one mail if it still is in quarantine; None when it is not. Gives as `delete` does."""
    rows = await statements.fetch(_DELETE_QUARANTINED, mail_id)
    return _locations(rows) if rows else None


async def load_of(statements: Statements, local_part: str, *, since: datetime, kind: Kind = "mail") -> Load | None:
    """How much has come for an address; None for one that leads nowhere."""
    row = await statements.fetchrow(_LOAD, local_part, since, kind)
    return None if row is None else Load(recent=row["recent"], bytes_of_session=row["total"])


async def in_quarantine(statements: Statements, *, limit: int = 100) -> Sequence[Row]:
    """Rows of what waits for an operator: id, local_part, session_id, reason, size_bytes, received_at."""
    return await statements.fetch(_QUARANTINE, limit)


async def release(statements: Statements, mail_id: str) -> str | None:
    """Take a mail out of quarantine; its session, or None when it is not there."""
    session_id: str | None = await statements.fetchval(_RELEASE, mail_id)
    return session_id


async def next_to_do(statements: Statements, session_id: str, *, is_open: bool = False) -> MailToDo | None:
    """The mail of a session that is worked on, or whose turn it is; what waits for a key only when one is there."""
    row = await statements.fetchrow(_HEAD, session_id, is_open)
    if row is None:
        return None
    return MailToDo(
        mail_id=row["id"],
        kind=row["kind"],
        action=row["action"],
        task_id=row["task_id"],
        owner=row["owner"],
        interview=row["interview"],
    )


async def has_closed(statements: Statements, session_id: str) -> bool:
    """Whether mail of a session waits for somebody who opens it."""
    return bool(await statements.fetchval(_HAS_CLOSED, session_id))


async def set_action(
    statements: Statements, mail_id: str, action: Action, *, was: Sequence[Action], task_id: str | None = None
) -> bool:
    """Note what has become of the action for a mail; False when it stood otherwise."""
    return await statements.fetchval(_SET_ACTION, mail_id, action, task_id, list(was)) is not None


def _opened(row: Row, pair: KeyPair) -> ReceivedMail | None:
    """None, and a line in the log, when a row was changed: others can still be read."""
    mail_id = str(row["id"])
    place = (mail_id, str(row["session_id"]), row["local_part"])
    try:
        contents = MailContents.model_validate_json(
            open_box(pair, row["contents_box"], associated=associated_data("mail", *place))
        )
        if row["media_box"] is not None:
            fetched = FetchedMedia.model_validate_json(
                open_box(pair, row["media_box"], associated=associated_data("media", *place))
            )
            contents = contents.model_copy(update={"media": fetched.media, "parts": fetched.parts})
        elif row["action"] != "fetching":
            contents = contents.model_copy(update={"media": tuple(map(_never_fetched, contents.media))})
    except (SealBroken, ValidationError):
        log.warning("mail.not_opened", mail=mail_id, session=str(row["session_id"]))
        return None
    return ReceivedMail(
        mail_id=mail_id,
        local_part=row["local_part"],
        state=row["state"],
        reason=row["reason"],
        size_bytes=row["size_bytes"],
        received_at=row["received_at"],
        contents=contents,
        # While files of a text message are missing, those that have come lie there, and nobody can take them yet.
        are_parts_files=not contents.parts or not row["part_locations"],
    )


def _never_fetched(one: TextMedia) -> TextMedia:
    """Nobody fetches it any more: the order could not be read."""
    return one.model_copy(update={"problem": "not_fetched"}) if one.problem == "not_yet" else one


def _place(mail_id: str, address: KnownAddress, box: str = "mail") -> bytes:
    return associated_data(box, mail_id, address.session_id, address.local_part)


def _locations(rows: Sequence[Row]) -> list[str]:
    return [location for row in rows for location in (row["raw_location"], *row["part_locations"]) if location]
