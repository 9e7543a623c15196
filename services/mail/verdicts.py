"""Whether a mail is from whom it says: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).

Verdicts are noted; what they mean is for the interview to decide, unless the operator has chosen a policy. Where no
resolver is set, or none answers, every verdict that needs one is `none`; so is that of DMARC where an answer that did
not come might have made it pass.
"""

from __future__ import annotations

import asyncio
import functools
import ipaddress
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import dkim
import dns.exception
import dns.rdatatype
import dns.resolver
import spf
import structlog
from authheaders.dmarc_lookup import get_org_domain, receiver_record

from services.mail.parsing import people_named
from shared.mailbox.mail import AddressUnusable, domain_for_dns
from shared.mailbox.received import Verdicts

log = structlog.get_logger()

_OF_ALL = 0.3
"""How much of the time for a mail one question may take: what one domain does not answer leaves time for others."""
_MOST_SIGNATURES = 5
_AT_ONCE = 4
SYSTEM = "system"


class Judge(Protocol):
    """Says what is known of a mail's origin."""

    async def verdicts(self, raw: bytes, *, ip: str, sender: str, helo: str) -> Verdicts:
        """For a mail from this address, by whoever is at the other end. Never raises."""
        ...


class NoJudge:
    """Nothing is looked up."""

    async def verdicts(self, raw: bytes, *, ip: str, sender: str, helo: str) -> Verdicts:
        """`none`, each of them."""
        return Verdicts()


class ResolverSilent(Exception):
    """The resolver does not answer."""


class DnsJudge:
    """Asks the domain of the sender."""

    def __init__(self, *, resolver: str, hostname: str, all_seconds: float) -> None:
        """`resolver`: an IP address, with a port behind a colon or not, or `system`. `all_seconds`: for one mail."""
        self._all_seconds = all_seconds
        self._questions = _Questions(resolver, _OF_ALL * all_seconds)
        self._hostname = hostname
        self._room = asyncio.Semaphore(_AT_ONCE)
        spf.DNSLookup = self._questions.lookup  # what the library asks by: there is no argument for it

    async def verdicts(self, raw: bytes, *, ip: str, sender: str, helo: str) -> Verdicts:
        """All three; those that took too long are `none`."""
        ends = time.monotonic() + self._all_seconds
        try:
            async with asyncio.timeout(self._all_seconds), self._room:
                return await asyncio.to_thread(self._judge, raw, ip, sender, helo, ends)
        except Exception as error:  # a mail is kept whatever its signatures are made of
            log.info("mail.not_judged", error=type(error).__name__)
            return Verdicts()

    def _judge(self, raw: bytes, ip: str, sender: str, helo: str, ends: float) -> Verdicts:
        self._questions.until(ends)
        from_where = self._spf(ip, sender, helo)
        signatures = self._dkim(raw)
        ask = self._asked_once()
        is_unsure = False
        try:
            policy, wanted = _dmarc(raw, from_where.result, signatures.holding, sender, helo, ask)
            if policy == "fail":
                # Only the silence of names that would have been enough counts: anybody can add others to a mail.
                might_be = "pass" if from_where.was_silent else from_where.result
                might_hold = (*signatures.holding, *signatures.silent)
                is_unsure = _dmarc(raw, might_be, might_hold, sender, helo, ask)[0] == "pass"
        except ResolverSilent:
            is_unsure = True
        if is_unsure:
            policy, wanted = "none", "none"
        detail = f"{self._hostname}; spf={from_where.result}"
        for domain in signatures.holding:
            detail += f"; dkim=pass header.d={domain}"
        if not signatures.holding:
            detail += f"; dkim={signatures.other.result}"
            if signatures.other.domain:
                detail += f" header.d={signatures.other.domain}"
        detail += f"; dmarc={policy}"
        verdict = "pass" if signatures.holding else signatures.other.result
        return Verdicts(
            spf=from_where.result, dkim=verdict, dmarc=policy, wanted=wanted, is_unsure=is_unsure, detail=detail
        )

    def _spf(self, ip: str, sender: str, helo: str) -> _FromWhere:
        try:
            ipaddress.ip_address(ip)
            local, at, domain = sender.rpartition("@")
            who = f"{local}{at}{_dns_name(domain)}"  # RFC 8616 §4
            result, _ = spf.check2(ip, who, _dns_name(helo) or "unknown", querytime=self._all_seconds)
        except Exception:  # nobody at the other end of a network, a broken record
            return _FromWhere("none")
        return _FromWhere("none", was_silent=True) if result == "temperror" else _FromWhere(str(result))

    def _dkim(self, raw: bytes) -> _Signatures:
        """Whose signatures hold, whose could not be judged, and what was wrong with one of the others."""
        try:
            found = dkim.DKIM(raw)
            number = sum(name.lower() == b"dkim-signature" for name, _ in found.headers)
        except Exception:
            return _Signatures((), _Signed("none", ""))
        holding: list[str] = []
        silent: list[str] = []
        other = _Signed("none", "")
        for index in range(min(number, _MOST_SIGNATURES)):
            try:
                is_valid = found.verify(idx=index, dnsfunc=self._questions.text)
            except ResolverSilent:
                silent.append(_domain(found))
                continue
            except Exception:
                other = _Signed("fail", "")
                continue
            if is_valid:
                holding.append(_domain(found))
            else:
                other = _Signed("fail", _domain(found))
        return _Signatures(tuple(dict.fromkeys(holding)), other, silent=tuple(silent))

    def _asked_once(self) -> Callable[[str], str | None]:
        """The resolver for one mail. Raises ResolverSilent."""

        @functools.cache
        def ask(name: str) -> str | None:
            said = self._questions.text(name)
            return None if said is None else said.decode("ascii", "replace")

        return ask


def _domain(signed: dkim.DKIM) -> str:
    """Of the signature that was looked at last."""
    return _dns_name(signed.signature_fields.get(b"d", b"").decode("utf-8", "replace"))


def _dns_name(domain: str) -> str:
    """A domain as the DNS has it; empty for one that cannot be there."""
    try:
        # Label by label: there are some that no host has, such as `_domainkey`.
        return ".".join(map(domain_for_dns, domain.split("."))).lower().rstrip(".")
    except AddressUnusable:
        return ""


def _dmarc(
    raw: bytes, from_where: str, holding: Sequence[str], sender: str, helo: str, ask: Callable[[str], str | None]
) -> tuple[str, str]:
    """The verdict, and what the domain of the sender asks for. Any signature of that domain will do (RFC 7489 §4.2); of
    several senders the worst counts (§6.6.1). Raises ResolverSilent.
    """
    place = _dns_name(sender.rpartition("@")[2] or helo) if from_where == "pass" else ""
    domains = {_dns_name(one.address.rpartition("@")[2]) for one in people_named(raw, "from")}
    found = [_dmarc_of(domain, place, holding, ask) for domain in domains]
    return max(found, key=lambda verdict: _WORSE[verdict[0]] + _WORSE[verdict[1]], default=("none", "none"))


_WORSE = {"pass": -10, "none": 0, "fail": 10, "quarantine": 1, "reject": 2}


def _dmarc_of(domain: str, place: str, holding: Sequence[str], ask: Callable[[str], str | None]) -> tuple[str, str]:
    """The same for one domain. Raises ResolverSilent.

    The library looks for records; what they mean is said here: where it takes a mail apart, it reads a domain up to its
    first hyphen, and it follows what a record says of subdomains where that domain itself is meant.
    """
    try:
        record, organization = receiver_record(domain, dnsfunc=ask) if "." in domain else ({}, "")
    except ResolverSilent:
        raise
    except Exception:  # a record that is none, a domain that cannot be one
        return "none", "none"
    if not record or not record.get("p"):
        return "none", "none"
    wanted = (record.get("sp") if organization and organization != domain else "") or record["p"]

    def is_its_own(other: str, alignment: str) -> bool:
        return bool(other) and (other == domain or (alignment != "s" and _organization(other) == _organization(domain)))

    is_proven = is_its_own(place, record.get("aspf", "r")) or any(
        is_its_own(one, record.get("adkim", "r")) for one in holding
    )
    return "pass" if is_proven else "fail", wanted if wanted in ("quarantine", "reject") else "none"


@functools.lru_cache(maxsize=1024)
def _organization(domain: str) -> str:
    """Whose domain it is, by the list of public suffixes; reading that takes some milliseconds."""
    return str(get_org_domain(domain) or domain)


Policy = Literal["record", "dmarc", "strict"]
"""What is done with mail that is not from whom it says (COLLOQUY_MAIL_POLICY)."""


def consequence(verdicts: Verdicts, policy: Policy) -> Literal["taken", "quarantined", "refused"]:
    """What becomes of a mail with these verdicts. DMARC that passes stands above SPF, which forwarded mail fails."""
    if policy == "record" or verdicts.dmarc == "pass":
        return "taken"
    if verdicts.dmarc == "fail" and verdicts.wanted == "reject":
        return "refused"
    if policy == "strict" and verdicts.spf == "fail" and not verdicts.is_unsure:
        return "refused"
    return "quarantined" if verdicts.dmarc == "fail" and verdicts.wanted == "quarantine" else "taken"


@dataclass(frozen=True, slots=True)
class _FromWhere:
    result: str
    was_silent: bool = False


@dataclass(frozen=True, slots=True)
class _Signed:
    result: str
    domain: str


@dataclass(frozen=True, slots=True)
class _Signatures:
    holding: tuple[str, ...]
    """The domains whose signatures hold."""
    other: _Signed
    silent: tuple[str, ...] = ()
    """The domains whose keys could not be asked for."""


class _Questions:
    """Asks the resolver, in the forms in which the libraries want their answers."""

    def __init__(self, resolver: str, seconds: float) -> None:
        self._seconds = seconds
        self._thread = threading.local()
        self._resolver = dns.resolver.Resolver(configure=resolver == SYSTEM)
        if resolver != SYSTEM:
            host, port = resolver, ""
            if resolver.count(":") == 1:
                host, _, port = resolver.partition(":")
            self._resolver.nameservers = [host]
            self._resolver.port = int(port or 53)

    def until(self, ends: float) -> None:
        """Who asks in this thread has time until then, by the monotonic clock: a thread cannot be told to end."""
        self._thread.ends = ends

    def text(self, name: str | bytes, timeout: float = 0) -> bytes | None:
        """The first TXT record, whole; how long to wait is not for the library to say. Raises ResolverSilent."""
        for record in self._ask(name, "TXT"):
            return b"".join(record.strings)
        return None

    def lookup(
        self, name: str, qtype: str, tcpfallback: bool = True, timeout: float = 0
    ) -> list[tuple[tuple[str, str], Any]]:
        """What pyspf wants."""
        found: list[tuple[tuple[str, str], Any]] = []
        try:
            records = self._ask(name, qtype)
        except ResolverSilent as error:
            raise spf.TempError(str(error)) from error  # it knows which questions matter (RFC 7208 §5)
        for record in records:
            match qtype:
                case "A" | "AAAA":
                    found.append(((name, qtype), record.address))
                case "MX":
                    found.append(((name, qtype), (record.preference, record.exchange)))
                case "PTR":
                    found.append(((name, qtype), record.target.to_text(True)))
                case "TXT" | "SPF":
                    found.append(((name, qtype), record.strings))
        return found

    def _ask(self, name: str | bytes, kind: str) -> list[Any]:
        asked = _dns_name(name.decode("utf-8", "replace")) if isinstance(name, bytes) else name
        left = self._thread.ends - time.monotonic()
        if left <= 0:
            raise ResolverSilent
        try:
            lifetime = min(self._seconds, left)
            return list(self._resolver.resolve(asked, dns.rdatatype.from_text(kind), lifetime=lifetime))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise ResolverSilent from error


def judge_of(resolver: str, *, hostname: str, all_seconds: float) -> Judge:
    """By the resolver of the settings; without one nothing is looked up."""
    return DnsJudge(resolver=resolver, hostname=hostname, all_seconds=all_seconds) if resolver else NoJudge()
