"""`/mail`: what was sent, and a form to send something into a session, for who tries interviews out on one machine
(letter_box.py says where there is one). `/mail/incoming`: where a provider hands mail over, signed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import format_datetime
from urllib.parse import quote

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.gateway.desk import Desk
from services.gateway.letter_box import LetterBox, NoLetterBox, attachment, check_local, check_own_page
from services.gateway.provider_mail import MailNotSigned, NotAMail, ProviderKeys, provider_mail
from shared.contracts.base import Sealed
from shared.contracts.mail import MailTaken, TakeMail
from shared.kernel.ids import new_id
from shared.mailbox.mail import AddressUnusable, address_of, addresses_of, one_line

_TOLD = {
    "kept": "It was delivered.",
    "unknown": "Nobody has this address. Interviews give theirs by interview_email().",
    "full": "There is no room for more mail in that session.",
    "loops": "It goes in circles.",
    "later": "It cannot be kept at the moment.",
}
_STATUS = {"kept": 200, "unknown": 406, "full": 406, "loops": 406, "later": 503}
"""A provider gives up after 406, and comes again after 503."""
_FRAME = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "cache-control": "no-store",
}


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)

    def box(request: Request) -> LetterBox:
        if desk.letter_box is None:
            raise NoLetterBox
        check_local(request)
        return desk.letter_box

    async def page(request: Request, *, note: str = "", error: str = "", said: Mapping[str, str]) -> Response:
        letters = await box(request).letters()
        browser = await desk.browsers.find(request.cookies)
        return desk.people.pages.render(
            "mail.html", browser, title="Mail", letters=letters, note=note, error=error, said=said
        )

    async def deliver(raw: bytes, recipients: tuple[str, ...], sender: str, *, is_page: bool) -> MailTaken:
        stored = await desk.files.contents.keep(raw, limit_bytes=desk.settings.max_file_bytes)
        message = TakeMail(
            location=stored.location,
            size_bytes=stored.size_bytes,
            key=Sealed(b64encode(stored.key).decode()),
            recipients=Sealed(recipients),
            sender=Sealed(sender),
            via="page" if is_page else "webhook",
        )
        return await desk.sessions.request(message, MailTaken)

    @routes.get("/mail")
    async def show(request: Request) -> Response:
        return await page(request, said={"to": request.query_params.get("to", "")[:200]})

    @routes.get("/mail/letters/{letter_id}/files/{number:int}")
    async def file(request: Request, letter_id: str, number: int) -> Response:
        found = await box(request).find(letter_id)
        if found is None:
            raise NoLetterBox
        filename, contents = attachment(found, number)
        headers = {
            "content-disposition": f"attachment; filename*=UTF-8''{quote(filename, safe='')}",
            "cache-control": "no-store",
        }
        return Response(contents, media_type="application/octet-stream", headers=headers)

    @routes.get("/mail/letters/{letter_id}")
    async def letter(request: Request, letter_id: str) -> Response:
        found = await box(request).find(letter_id)
        if found is None:
            raise NoLetterBox
        match request.query_params.get("as", ""):
            case "html":
                return Response(found.html, media_type="text/html", headers=_FRAME)
            case "raw":
                headers = {
                    "content-disposition": f'attachment; filename="{letter_id}.eml"',
                    "cache-control": "no-store",
                }
                return Response(found.raw or found.text.encode(), media_type="message/rfc822", headers=headers)
        browser = await desk.browsers.find(request.cookies)
        return desk.people.pages.render("letter.html", browser, title=found.subject or "A mail", letter=found)

    @routes.post("/mail")
    async def send(request: Request) -> Response:
        box(request)
        check_own_page(request)
        form = await request.form(max_files=5, max_fields=20)
        said = {name: value for name, value in form.multi_items() if isinstance(value, str)}
        try:
            to = addresses_of([said.get("to", "")])
            sender = address_of(said.get("from", ""))
        except AddressUnusable as error:
            return await page(request, error=str(error), said=said)
        message = EmailMessage(policy=SMTPUTF8)
        message["From"], message["To"] = sender, to
        message["Subject"] = one_line(said.get("subject", ""))[:300]
        message["Date"] = format_datetime(desk.clock.now())
        message["Message-ID"] = f"<{new_id()}@localhost>"
        message.set_content(said.get("text", "").replace("\r\n", "\n"))
        for name, value in form.multi_items():
            if name == "file" and not isinstance(value, str) and value.filename:
                message.add_attachment(
                    await value.read(),
                    maintype="application",
                    subtype="octet-stream",
                    filename=one_line(value.filename),
                )
        taken = await deliver(message.as_bytes(), tuple(one.addr_spec for one in to), sender.addr_spec, is_page=True)
        told = _TOLD[taken.outcome]
        if taken.outcome == "kept":
            return await page(request, note=told, said={"to": said["to"], "from": said["from"]})
        return await page(request, error=told, said=said)

    @routes.post("/mail/incoming")
    async def incoming(request: Request) -> Response:
        """As provider_mail.py says."""
        keys = ProviderKeys(desk.settings.mail_webhook_key, desk.settings.mail_webhook_public_key)
        if not keys:
            raise NoLetterBox
        await desk.admit("post", request)
        try:
            posted = provider_mail(request, await request.body(), keys, now=desk.clock.now().timestamp())
        except MailNotSigned:
            return Response(status_code=403)
        except NotAMail:
            return Response(status_code=406)
        if posted.ticket and not await desk.repeats.is_bound(posted.ticket, posted.digest):
            return Response(status_code=403)  # somebody has seen a signed request, and sends a mail of their own by it
        taken = await deliver(posted.raw, tuple(posted.recipients), posted.sender, is_page=False)
        return Response(status_code=_STATUS[taken.outcome])

    return routes
