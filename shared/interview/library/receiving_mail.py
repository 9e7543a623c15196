"""`interview_email()` and `get_emails()`: addresses of a session, and what was sent to them (spec/area3 §6)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from shared.interview.library.dates import as_datetime
from shared.interview.library.faults import DAError
from shared.interview.library.mail_addresses import DAEmail, DAEmailRecipient, DAEmailRecipientList
from shared.interview.library.named import COLLOQUY, public_in
from shared.interview.library.objects.base import DAObject
from shared.interview.library.objects.files import DAFile, DAFileList
from shared.interview.runtime.mail_calls import AddressAnswer, MakeAddress, ReadEmails
from shared.interview.runtime.run import current_run

__all__ = ["get_emails", "interview_email"]

_LONGEST_KEY = 255


@public_in(COLLOQUY)
class EmailAddress(DAObject):
    """An address of a session: `address` (what stands before the @), `key`, `index`, `owner`, and its `emails`."""

    def __str__(self) -> str:
        return str(self.address)


def interview_email(key: Any = None, index: Any = None) -> str:
    """An e-mail address that leads into this session, always the same for who asks, for a key, and for an index.

    What is sent to it comes as `get_emails()`, and runs the background action `incoming_email` as who has asked for
    the address. Raises DAError for an index without a key, and when the session has too many addresses.
    """
    answer, _ = current_run().host.call(MakeAddress(**_named("interview_email", key, index)))
    if not isinstance(answer, AddressAnswer):
        raise DAError("The server gave an answer that is not an address")
    return answer.address


def get_emails(key: Any = None, index: Any = None) -> list[EmailAddress]:
    """The addresses of this session that this user has asked for, oldest first, each with its `emails`."""
    return [_address_of(told) for told in _read(ReadEmails(**_named("get_emails", key, index)))]


def received_email(mail_id: str) -> DAEmail:
    """One mail of the session. Raises HostRefused."""
    [told] = _read(ReadEmails(mail_id=mail_id))
    [email] = _address_of(told).emails
    assert isinstance(email, DAEmail)
    return email


def _named(function: str, key: Any, index: Any) -> dict[str, Any]:
    if key is None and index is not None:
        raise DAError(f"{function}(): an index needs a key beside it")
    try:
        number = None if index is None else int(index)
    except (TypeError, ValueError):
        raise DAError(f"{function}(): an index is a whole number, and not {index!r}") from None
    if key is not None and len(str(key)) > _LONGEST_KEY:
        raise DAError(f"{function}(): a key has {_LONGEST_KEY} letters at most")
    return {"key": None if key is None else str(key), "index": number}


def _read(call: ReadEmails) -> list[dict[str, Any]]:
    _, blobs = current_run().host.call(call)
    told: list[dict[str, Any]] = orjson.loads(blobs["emails"])
    return told


def _address_of(told: Mapping[str, Any]) -> EmailAddress:
    facts = {"address": told["address"], "key": told["key"], "index": told["index"], "owner": told["owner"]}
    found = EmailAddress(**facts)  # without a name: whatever variable it is put into names it
    found.emails = [_email_of(each, told) for each in told["emails"]]
    return found


def _email_of(told: Mapping[str, Any], address: Mapping[str, Any]) -> DAEmail:
    email = DAEmail(
        short=address["address"],
        key=address["key"],
        index=address["index"],
        address_owner=address["owner"],
        subject=told["subject"],
        datetime_message=moment(told["date"]),
        datetime_received=moment(told["received"]),
        is_automatic=told["is_automatic"],
        spf=told["spf"],
        dkim=told["dkim"],
        dmarc=told["dmarc"],
    )
    name = email.instanceName
    for attribute, people in (("to_address", told["to"]), ("cc_address", told["cc"])):
        setattr(email, attribute, DAEmailRecipientList(f"{name}.{attribute}", people))
    for attribute, person in (
        ("from_address", told["from"]),
        ("reply_to", told["reply_to"]),
        ("return_path", told["return_path"]),
    ):
        setattr(email, attribute, DAEmailRecipient(f"{name}.{attribute}", **(person or {"empty": True})))
    _add_files(email, told["parts"])
    return email


def _add_files(email: DAEmail, parts: list[dict[str, Any]]) -> None:
    singles = {"headers": "headers", "text": "body_text", "html": "body_html"}
    for attribute in singles.values():
        setattr(email, attribute, None)
    attached = []
    for part in parts:
        if part["role"] in singles:
            attribute = singles[part["role"]]
            setattr(email, attribute, DAFile(f"{email.instanceName}.{attribute}", **_facts(part)))
        else:
            attached.append(part)
    email.attachment = attached_files(f"{email.instanceName}.attachment", attached)


def attached_files(name: str, parts: Iterable[Mapping[str, Any]]) -> DAFileList:
    """The files that came with a message, in a list of this name that is gathered."""
    files = DAFileList(name, elements=[])
    for part in parts:
        files.append(DAFile(f"{name}[{len(files.elements)}]", **_facts(part)))
    files.gathered = True
    return files


def _facts(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in ("number", "filename", "mimetype")}


def moment(told: str) -> datetime.datetime:
    """An aware moment, in the time zone of the server."""
    return as_datetime(datetime.datetime.fromisoformat(told))
