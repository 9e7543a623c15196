"""The operations console in a browser: what an administrator sees and does there, and that nobody else gets in."""

from __future__ import annotations

import contextlib
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from shared.bus.cloudevents import Codec
from shared.bus.dead_letters import DeadLetters
from shared.bus.port import DeadLetter
from shared.contracts.catalog import message_types
from shared.contracts.envelope import Envelopes
from shared.contracts.session import DeleteInactive
from shared.crypto.keys import ServerKeys
from shared.kernel.clock import SystemClock
from shared.storage.database import Database
from tests import servers
from tests.flows.system.conftest import command
from tests.letters import hand_over
from tests.sites import Site, distributed_site, free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

INTERVIEWS = Path(__file__).parent / "interviews"
PASSWORD = "correct horse battery"
ADDRESS = "root@example.org"
PAGES = (
    "/operations",
    "/operations/interview?i=x",
    "/operations/dead-letters",
    "/operations/task/x",
    "/operations/timers",
    "/operations/quarantine",
    f"/operations/session/{uuid.UUID(int=0)}",
)
MAIL_ADDRESS = re.compile(r"[a-z]{6}@[a-z0-9.]+")
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Five services on a broker, whose queues the console shows, and an administrator."""
    settings = {
        "COLLOQUY_PASSWORD_MEMORY_KIB": "7168",
        "COLLOQUY_WORKER_PROCESSES": "1",
        "COLLOQUY_SMTP_PORT": str(free_port()),
    }
    folder = tmp_path_factory.mktemp("overseen")
    with distributed_site(folder, interviews=[INTERVIEWS], environment=settings) as running:
        made = command(running, "users", "create", ADDRESS, "--privilege", "admin", typed=PASSWORD + "\n")
        assert made.returncode == 0, made.stderr
        yield running


@pytest.fixture
def console(site: Site, page: Page) -> Page:
    """The first page of the console."""
    sign_in(site, page, ADDRESS)
    page.goto(f"{site.url}operations")
    return page


def sign_in(site: Site, page: Page, address: str) -> None:
    page.goto(f"{site.url}user/sign-in")
    page.fill("input[name=email]", address)
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/interviews")


def visit(site: Site, name: str) -> None:
    with httpx.Client(base_url=site.url, follow_redirects=True, timeout=60) as visitor:
        visitor.get("/interview", params={"i": f"overseen:data/questions/{name}.yml"})


def leave_a_dead_letter(site: Site) -> None:
    """One whose message can be handled, now that its cause has been mended."""
    keys = ServerKeys.load(Path(site.environment["COLLOQUY_SERVER_KEY_FILE"]))
    packed = Codec(types=message_types(), sealer=keys.transport).pack(Envelopes("tests", CLOCK).wrap(DeleteInactive()))

    async def keep() -> None:
        database = Database(url=site.environment["COLLOQUY_DATABASE_URL"], maximum=1)
        await database.start()
        letter = DeadLetter(
            queue=packed.destination,
            type=packed.type,
            reason="DatabaseUnavailable: for too long",
            attempts=6,
            body=packed.body,
            message_id=packed.id,
        )
        await DeadLetters(database=database, clock=CLOCK).keep(letter)
        await database.stop()

    servers.in_thread(keep)


def test_queues_sessions_and_errors_by_line_are_shown_and_keep_themselves_up_to_date(site: Site, console: Page) -> None:
    expect(console.locator("#queues tbody tr").first).to_contain_text("session.interactive")
    for name in ("mail.inbound", "session.actions.0 … 15"):
        figures = console.locator("#queues tr", has_text=name).locator(".da-number")
        expect(figures).to_have_text(["1", "0"])
    expect(console.locator("#queues .da-alarm")).to_have_count(0)
    assert "broken.yml" not in console.locator("#errors").inner_text()
    visit(site, "broken")
    line = console.locator("#errors tr", has_text="overseen:data/questions/broken.yml").first
    expect(line).to_contain_text("ZeroDivisionError")
    expect(line).to_contain_text("line 7")
    line.get_by_role("link").click()
    expect(console.locator("#errors")).to_contain_text("ZeroDivisionError")


def revoke(console: Page) -> None:
    """End the task that is shown: there is one process for tasks, and others need it."""
    console.get_by_role("button", name="Revoke it").click()
    expect(console.locator("main")).to_contain_text("revoked")


def test_a_task_is_seen_with_its_progress_and_can_be_ended(site: Site, console: Page) -> None:
    visit(site, "work")
    task = console.locator("tr", has_text="overseen:data/questions/work.yml").filter(has_text="running").first
    expect(task).to_be_visible()
    expect(task.locator("progress")).to_be_visible()
    expect(console.locator("#tasks-by-hour title", has_text=": 1 launched")).to_have_count(1)
    expect(console.locator("#sessions")).to_contain_text("overseen:data/questions/work.yml")
    task.get_by_role("link").first.click()
    expect(console.locator("main")).to_contain_text("leased")
    revoke(console)


def test_to_revoke_a_task_is_no_error_of_its_interview(site: Site, console: Page) -> None:
    visit(site, "work")
    task = console.locator("tr", has_text="overseen:data/questions/work.yml").filter(has_text="running").first
    task.get_by_role("link").first.click()
    revoke(console)
    console.goto(f"{site.url}operations")
    failures = console.locator("#errors tr", has_text="broken.yml").locator(".da-number")
    before = failures.inner_text() if failures.count() else ""
    visit(site, "broken")  # failures are written together: this one not before the other
    expect(failures).to_be_visible()
    expect(failures).not_to_have_text(before or "0")
    expect(console.locator("#errors")).not_to_contain_text("TaskRevokedError")


def test_a_dead_letter_is_put_back_and_handled(site: Site, console: Page) -> None:
    leave_a_dead_letter(site)
    expect(console.locator("#dead-letters")).to_have_text("1")
    console.get_by_role("link", name="Dead letters").click()
    expect(console.locator("main")).to_contain_text("DatabaseUnavailable: for too long")
    console.get_by_label("Letter").first.check()
    console.get_by_role("button", name="Put back the chosen ones").click()
    expect(console.get_by_role("status")).to_have_text("1 put back into their queues.")
    expect(console.locator("main")).to_contain_text("There are no dead letters.")


def play(site: Site, page: Page) -> None:
    """Somebody answers in a browser of their own."""
    page.goto(f"{site.url}interview?i=overseen:data/questions/traced.yml&new_session=1")
    page.get_by_label("First name").fill("Philippa")
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("Hello Philippa")


def open_newest_session(site: Site, console: Page) -> None:
    console.goto(f"{site.url}operations/interview?i=overseen:data/questions/traced.yml")
    console.locator("#sessions tbody a").first.click()


WIDE = """() => [...document.querySelectorAll(".table-responsive")]
    .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.id || one.innerText)"""


def runs_of(cron_type: str, site: Site, console: Page) -> str | None:
    """The page of the runs of a fire that has visited a session."""
    visit(site, "by_itself")
    assert command(site, "cron", cron_type).returncode == 0
    fire = console.locator("tr", has_text=re.compile(r"\d (done|failed)")).locator('a[href^="/runs/"]').first
    for _ in range(20):
        console.goto(f"{site.url}runs?type={cron_type}")
        if fire.count():
            break
        console.wait_for_timeout(500)
    return fire.get_attribute("href")


@pytest.mark.parametrize("width", [1280, 390])
def test_no_table_is_cut_off_at_its_edge(site: Site, console: Page, browser: Browser, width: int) -> None:
    for name in ("broken", "work"):
        visit(site, name)
    visitor = browser.new_context().new_page()
    play(site, visitor)
    visitor.context.close()
    leave_a_dead_letter(site)
    console.set_viewport_size({"width": width, "height": 900})
    console.goto(f"{site.url}operations")
    expect(console.locator("#errors")).to_contain_text("broken.yml")
    tasks = console.get_by_role("link", name=re.compile(r"^20\d\d-"))
    expect(tasks.first).to_be_visible()
    task = tasks.first.get_attribute("href")
    for path in (
        runs_of("cron_hourly", site, console),
        runs_of("cron_daily", site, console),
        "runs",
        "operations",
        "operations/dead-letters",
        "operations/interview?i=overseen:data/questions/traced.yml",
        task,
    ):
        console.goto(site.url + str(path).lstrip("/"))
        assert console.evaluate(WIDE) == [], path
    revoke(console)


def test_a_task_leads_to_its_session(site: Site, console: Page) -> None:
    visit(site, "work")
    task = console.locator("tr", has_text="overseen:data/questions/work.yml").filter(has_text="running").first
    task.get_by_role("link").first.click()
    revoke(console)
    console.get_by_role("row", name="session").get_by_role("link").click()
    expect(console.get_by_role("heading", level=1)).to_have_text("Who set what")


def test_it_is_shown_who_set_a_variable_and_its_value_on_demand(site: Site, console: Page, browser: Browser) -> None:
    visitor = browser.new_context().new_page()
    play(site, visitor)
    open_newest_session(site, console)
    set_by = console.locator("#changes tr", has_text="client.name.first")
    expect(set_by).to_contain_text("a person")
    expect(set_by).to_contain_text("a form")
    assert "Philippa" not in console.content()
    console.get_by_label("Variable").fill("client.name.first")
    console.get_by_role("button", name="Show its changes").click()
    expect(console.locator("#changes tbody tr", has_not_text="client")).to_have_count(0)
    console.get_by_role("button", name="Show its value").click()
    expect(console.locator("#value pre")).to_have_text('"Philippa"')
    looks = console.locator("#looks tbody tr")
    expect(looks).to_have_count(3)
    expect(looks.first).to_contain_text(ADDRESS)
    expect(looks.first).to_contain_text("shown")
    visitor.context.close()


def test_a_session_is_found_by_its_internal_id(site: Site, console: Page, browser: Browser) -> None:
    visitor = browser.new_context().new_page()
    play(site, visitor)
    visitor.context.close()
    open_newest_session(site, console)
    session_id = console.url.rpartition("/")[2]
    console.goto(f"{site.url}operations")
    console.get_by_label("Internal id").fill(session_id)
    console.get_by_role("button", name="Show who set what").click()
    expect(console.locator("#changes")).to_contain_text("client")
    answer = console.goto(f"{site.url}operations/session/{uuid.UUID(int=0)}")
    assert answer is not None
    assert answer.status == 404


def test_timers_are_listed_and_lead_to_their_session(site: Site, console: Page, browser: Browser) -> None:
    visitor = browser.new_context().new_page()
    play(site, visitor)
    visitor.context.close()
    console.goto(f"{site.url}operations/timers")
    timer = console.locator("#timers tr", has_text="remember").first
    expect(timer).to_contain_text("waiting")
    expect(console.locator("main")).to_contain_text("none of them is late")
    console.get_by_label("State").select_option("cancelled")
    console.get_by_role("button", name="Show", exact=True).click()
    expect(console.locator("#timers tr", has_text="remember")).to_have_count(0)
    console.go_back()
    timer.get_by_role("link").click()
    expect(console.locator("#changes")).to_contain_text("later")


def leave_mail_in_quarantine(site: Site, address: str, subject: str) -> None:
    """One that is nested too deep to be taken apart."""
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n' for level in range(40))
    raw = f"Subject: {subject}\r\nFrom: ann@example.org\r\n{deep}\r\nInside\r\n".encode()
    port = int(site.environment["COLLOQUY_SMTP_PORT"])
    code, said = servers.in_thread(lambda: hand_over(port, raw, address))
    assert code == 250, said


def test_mail_in_quarantine_is_delivered_or_deleted_after_a_second_question(
    site: Site, console: Page, browser: Browser
) -> None:
    visitor = browser.new_context().new_page()
    play(site, visitor)
    found = MAIL_ADDRESS.search(visitor.locator("main").inner_text())
    assert found is not None
    for subject in ("Kept", "Unwanted"):
        leave_mail_in_quarantine(site, found[0], subject)
    console.goto(f"{site.url}operations")
    expect(console.locator("#in-quarantine")).to_have_text("2")
    received = console.locator("#mails tr", has_text="quarantined").locator("td")
    expect(received).to_have_text(["received", "quarantined", "2", re.compile("20..-")])
    console.get_by_role("link", name="Quarantine").click()
    mails = console.locator("#quarantine tbody tr", has_text="nested_too_deep")
    expect(mails).to_have_count(2)
    console.get_by_role("button", name="Deliver the chosen ones").click()
    expect(console.get_by_role("status")).to_have_text("Choose some first.")
    mails.first.get_by_role("checkbox").check()
    console.get_by_role("button", name="Deliver the chosen ones").click()
    expect(console.get_by_role("heading", level=1)).to_have_text("Deliver this mail?")
    expect(mails).to_have_count(1)
    console.get_by_role("link", name="Keep it there").click()
    expect(mails).to_have_count(2)
    mails.first.get_by_role("checkbox").check()
    console.get_by_role("button", name="Deliver the chosen ones").click()
    console.get_by_role("button", name="Deliver 1").click()
    expect(console.get_by_role("status")).to_have_text("1 delivered.")
    mails.first.get_by_role("checkbox").check()
    console.get_by_role("button", name="Delete the chosen ones").click()
    console.get_by_role("button", name="Delete 1").click()
    expect(console.get_by_role("status")).to_have_text("1 deleted.")
    expect(mails).to_have_count(0)
    filed = console.locator("#changes tr", has_text="letters").filter(has_text="file_letter")
    for _ in range(20):  # a page tells of what was saved before it was asked for
        open_newest_session(site, console)
        with contextlib.suppress(AssertionError):
            expect(filed).to_contain_text("a background task", timeout=1000)
            break
    expect(filed).to_contain_text("a background task")
    visitor.context.close()


def test_a_form_without_our_token_decides_nothing(site: Site, console: Page) -> None:
    for path in ("quarantine", f"session/{uuid.UUID(int=0)}"):
        refused = console.request.post(f"{site.url}operations/{path}", form={"do": "delete", "sure": "yes"})
        assert refused.status == 403, path


def test_the_console_is_for_administrators_only(site: Site, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    for path in PAGES:
        page.goto(site.url.rstrip("/") + path)
        assert "/user/sign-in" in page.url
    page.goto(f"{site.url}user/register")
    for name, value in (("email", "ann@example.org"), ("password", PASSWORD), ("again", PASSWORD)):
        page.fill(f"input[name={name}]", value)
    page.click("main button[type=submit]")
    page.wait_for_url("**/interviews")
    assert page.get_by_role("link", name="Operations").count() == 0
    for path in PAGES:
        answer = page.goto(site.url.rstrip("/") + path)
        assert answer is not None
        assert answer.status == 403, path
    token = page.goto(f"{site.url}user/profile") and page.locator("input[name=csrf_token]").first.get_attribute("value")
    for path, values in (
        ("dead-letters", {"do": "replay", "letter 1": "1"}),
        ("task/x", {"do": "revoke"}),
        ("quarantine", {"do": "delete", "sure": "yes", f"mail {uuid.UUID(int=0)}": "1"}),
        (f"session/{uuid.UUID(int=0)}", {"name": "x"}),
    ):
        refused = page.request.post(f"{site.url}operations/{path}", form={"csrf_token": token or "", **values})
        assert refused.status == 403, path
    context.close()
