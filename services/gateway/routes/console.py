"""`/operations`: the operations console, for administrators.

    GET  /operations                      queues, tasks, sessions by interview, errors by line, mail, dead letters
    GET  /operations/interview?i=…        its newest sessions and its errors
    GET  /operations/task/ID              one task with its history
    POST /operations/task/ID              revoke it, or send its message again
    GET  /operations/dead-letters
    POST /operations/dead-letters         replay or drop some

Nothing that is sealed is opened. What somebody does here is logged with the number of their account.
"""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.gateway.browser_sessions import Browser
from services.gateway.desk import Desk
from services.gateway.entering import administrator, administrators_form
from services.gateway.overseeing import Overseer, told
from shared.kernel.errors import Refused

log = structlog.get_logger()

_MOST_LETTERS = 100
_DONE = {"replayed": "put back into their queues", "dropped": "forgotten"}


def router(desk: Desk) -> APIRouter:
    """The routes."""
    routes = APIRouter(include_in_schema=False)
    overseer: Overseer = desk.overseer

    def page(template: str, browser: Browser, title: str, *, status: int = 200, **content: Any) -> Response:
        pages = desk.people.pages
        return pages.render(template, browser, status=status, title=title, told=told, **content)

    @routes.get("/operations")
    async def show(request: Request) -> Response:
        browser = await administrator(desk, request)
        return page("operations.html", browser, "Operations", seen=await overseer.panorama())

    @routes.get("/operations/interview")
    async def interview(request: Request) -> Response:
        browser = await administrator(desk, request)
        reference = request.query_params.get("i", "")[:500]
        found = await overseer.of_interview(reference)
        (figures,) = [one for one in found.interviews if one.interview == reference] or (None,)
        return page(
            "operations_interview.html",
            browser,
            f"Sessions of {reference}",
            interview=reference,
            figures=figures,
            sessions=found.sessions,
            errors=found.errors,
            failed=await desk.tasks.lines(state="failed", interview=reference, limit=20) if reference else (),
        )

    @routes.get("/operations/task/{task_id}")
    async def task(request: Request, task_id: str) -> Response:
        return await _task_page(await administrator(desk, request), task_id)

    @routes.post("/operations/task/{task_id}")
    async def change_task(request: Request, task_id: str) -> Response:
        form, login = await administrators_form(desk, request)
        action = form.get("do")
        try:
            if action == "revoke":
                await desk.tasks.revoke(task_id)
            elif action == "rerun":
                await desk.tasks.ring_again(task_id)
        except Refused as error:
            return await _task_page(form.browser, task_id, error=str(error), status=409)
        log.info("operations.task", task=task_id, action=action, account=login.account.id)
        return RedirectResponse(f"/operations/task/{task_id}", status_code=303)

    async def _task_page(browser: Browser, task_id: str, *, error: str = "", status: int = 200) -> Response:
        found = await desk.tasks.show(task_id)
        return page("operations_task.html", browser, "A background task", status=status, task=found, error=error)

    @routes.get("/operations/dead-letters")
    async def letters(request: Request) -> Response:
        browser = await administrator(desk, request)
        query = request.query_params
        after = query.get("after", "")
        found = await overseer.letters(after=int(after) if after.isdigit() and len(after) < 19 else 0)
        count = query.get("count", "")
        done = _DONE.get(query.get("done", ""))
        note = f"{count} {done}." if done and count.isdigit() else ""
        return page(
            "operations_letters.html",
            browser,
            "Dead letters",
            letters=found,
            note=note,
            further=found[-1].number if len(found) == _MOST_LETTERS else 0,
        )

    @routes.post("/operations/dead-letters")
    async def change_letters(request: Request) -> Response:
        form, login = await administrators_form(desk, request)
        numbers = [int(name.removeprefix("letter ")) for name in form.values if _is_letter(name)]
        is_drop = form.get("do") == "drop"
        count = await (overseer.drop(numbers) if is_drop else overseer.replay(numbers))
        action = "dropped" if is_drop else "replayed"
        log.info(f"operations.letters_{action}", numbers=numbers, account=login.account.id)
        return RedirectResponse(f"/operations/dead-letters?done={action}&count={count}", status_code=303)

    return routes


def _is_letter(name: str) -> bool:
    number = name.removeprefix("letter ")
    return name.startswith("letter ") and number.isascii() and number.isdigit() and len(number) < 19
