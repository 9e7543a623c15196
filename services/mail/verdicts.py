"""Whether a mail is from whom it says: SPF (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489).

Verdicts are noted; what they mean is for the interview to decide, unless the operator has chosen a policy. Where no
resolver is set, or none answers, every verdict that needs one is `none`.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import dkim
import dns.exception
import dns.rdatatype
import dns.resolver
import spf
import structlog
from authheaders import DKIMAuthenticationResult, SPFAuthenticationResult, check_dmarc

from shared.mailbox.received import Verdicts

log = structlog.get_logger()

_QUESTION_SECONDS = 3.0
_ALL_SECONDS = 10.0
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

    def __init__(self, *, resolver: str, hostname: str) -> None:
        """`resolver`: an IP address, with a port behind a colon or not, or `system`."""
        self._questions = _Questions(resolver)
        self._hostname = hostname
        self._room = asyncio.Semaphore(_AT_ONCE)
        spf.DNSLookup = self._questions.lookup  # what the library asks by: there is no argument for it

    async def verdicts(self, raw: bytes, *, ip: str, sender: str, helo: str) -> Verdicts:
        """All three; those that took too long are `none`."""
        async with self._room:
            try:
                async with asyncio.timeout(_ALL_SECONDS):
                    return await asyncio.to_thread(self._judge, raw, ip, sender, helo)
            except Exception as error:  # a mail is kept whatever its signatures are made of
                log.info("mail.not_judged", error=type(error).__name__)
                return Verdicts()

    def _judge(self, raw: bytes, ip: str, sender: str, helo: str) -> Verdicts:
        from_where = self._spf(ip, sender, helo)
        signed = self._dkim(raw)
        policy, wanted = self._dmarc(raw, from_where, signed, sender, helo)
        detail = f"{self._hostname}; spf={from_where}; dkim={signed.result}"
        if signed.domain:
            detail += f" header.d={signed.domain}"
        detail += f"; dmarc={policy}"
        return Verdicts(spf=from_where, dkim=signed.result, dmarc=policy, wanted=wanted, detail=detail)

    def _spf(self, ip: str, sender: str, helo: str) -> str:
        try:
            ipaddress.ip_address(ip)
            result, _ = spf.check2(ip, sender, helo or "unknown", querytime=_ALL_SECONDS, timeout=_QUESTION_SECONDS)
        except Exception:  # nobody at the other end of a network, a broken record, a silent resolver
            return "none"
        return "none" if result == "temperror" else str(result)

    def _dkim(self, raw: bytes) -> _Signed:
        """The first signature that holds; otherwise what was wrong with one of them."""
        try:
            found = dkim.DKIM(raw, timeout=int(_QUESTION_SECONDS))
            number = sum(name.lower() == b"dkim-signature" for name, _ in found.headers)
        except Exception:
            return _Signed("none", "")
        verdict = _Signed("none", "")
        for index in range(min(number, _MOST_SIGNATURES)):
            try:
                is_valid = found.verify(idx=index, dnsfunc=self._questions.text)
                domain = found.signature_fields.get(b"d", b"").decode("ascii", "replace").lower()
            except ResolverSilent:
                continue
            except Exception:
                verdict = _Signed("fail", "")
                continue
            if is_valid:
                return _Signed("pass", domain)
            verdict = _Signed("fail", domain)
        return verdict

    def _dmarc(self, raw: bytes, from_where: str, signed: _Signed, sender: str, helo: str) -> tuple[str, str]:
        """The verdict, and what the domain of the sender asks for."""

        def ask(name: str) -> str | None:
            said = self._questions.text(name)
            return None if said is None else said.decode("ascii", "replace")

        spf_result = SPFAuthenticationResult(result=from_where, smtp_mailfrom=sender, smtp_helo=helo)
        dkim_result = DKIMAuthenticationResult(result=signed.result, header_d=signed.domain)
        try:
            found = check_dmarc(raw, spf_result=spf_result, dkim_result=dkim_result, dnsfunc=ask)
        except Exception:  # a silent resolver, no From, or one that is none
            return "none", "none"
        return str(found.result or "none"), str(found.policy or "none").lower()


Policy = Literal["record", "dmarc", "strict"]
"""What is done with mail that is not from whom it says (COLLOQUY_MAIL_POLICY)."""


def consequence(verdicts: Verdicts, policy: Policy) -> Literal["taken", "quarantined", "refused"]:
    """What becomes of a mail with these verdicts. DMARC that passes stands above SPF, which forwarded mail fails."""
    if policy == "record" or verdicts.dmarc == "pass":
        return "taken"
    if verdicts.dmarc == "fail" and verdicts.wanted == "reject":
        return "refused"
    if policy == "strict" and verdicts.spf == "fail":
        return "refused"
    return "quarantined" if verdicts.dmarc == "fail" and verdicts.wanted == "quarantine" else "taken"


@dataclass(frozen=True, slots=True)
class _Signed:
    result: str
    domain: str


class _Questions:
    """Asks the resolver, in the forms in which the libraries want their answers."""

    def __init__(self, resolver: str) -> None:
        self._resolver = dns.resolver.Resolver(configure=resolver == SYSTEM)
        if resolver != SYSTEM:
            host, port = resolver, ""
            if resolver.count(":") == 1:
                host, _, port = resolver.partition(":")
            self._resolver.nameservers = [host]
            self._resolver.port = int(port or 53)

    def text(self, name: str | bytes, timeout: float = _QUESTION_SECONDS) -> bytes | None:
        """The first TXT record, whole. Raises ResolverSilent."""
        for record in self._ask(name, "TXT"):
            return b"".join(record.strings)
        return None

    def lookup(
        self, name: str, qtype: str, tcpfallback: bool = True, timeout: float = _QUESTION_SECONDS
    ) -> list[tuple[tuple[str, str], Any]]:
        """What pyspf wants."""
        found: list[tuple[tuple[str, str], Any]] = []
        for record in self._ask(name, qtype):
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
        asked = name.decode("ascii", "replace") if isinstance(name, bytes) else name
        try:
            return list(self._resolver.resolve(asked, dns.rdatatype.from_text(kind), lifetime=_QUESTION_SECONDS))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except dns.exception.DNSException as error:
            raise ResolverSilent from error


def judge_of(resolver: str, *, hostname: str) -> Judge:
    """By the resolver of the settings; without one nothing is looked up."""
    return DnsJudge(resolver=resolver, hostname=hostname) if resolver else NoJudge()
