"""The operations console in a browser: what an administrator sees and does there, and that nobody else gets in."""

from __future__ import annotations

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
from tests.sites import Site, distributed_site

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

INTERVIEWS = Path(__file__).parent / "interviews"
PASSWORD = "correct horse battery"
ADDRESS = "root@example.org"
PAGES = ("/operations", "/operations/interview?i=x", "/operations/dead-letters", "/operations/task/x")
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Five services on a broker, whose queues the console shows, and an administrator."""
    settings = {"COLLOQUY_PASSWORD_MEMORY_KIB": "7168", "COLLOQUY_WORKER_PROCESSES": "1"}
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
    expect(console.locator("#queues .da-alarm")).to_have_count(0)
    assert "broken.yml" not in console.locator("#errors").inner_text()
    visit(site, "broken")
    line = console.locator("#errors tr", has_text="overseen:data/questions/broken.yml").first
    expect(line).to_contain_text("ZeroDivisionError")
    expect(line).to_contain_text("line 7")
    line.get_by_role("link").click()
    expect(console.locator("#errors")).to_contain_text("ZeroDivisionError")


def test_a_task_is_seen_with_its_progress_and_can_be_ended(site: Site, console: Page) -> None:
    visit(site, "work")
    task = console.locator("tr", has_text="overseen:data/questions/work.yml").filter(has_text="running").first
    expect(task).to_be_visible()
    expect(task.locator("progress")).to_be_visible()
    expect(console.locator("#tasks-by-hour title", has_text=": 1 launched")).to_have_count(1)
    expect(console.locator("#sessions")).to_contain_text("overseen:data/questions/work.yml")
    task.get_by_role("link").first.click()
    expect(console.locator("main")).to_contain_text("leased")
    console.get_by_role("button", name="Revoke it").click()
    expect(console.locator("main")).to_contain_text("revoked")


def test_a_dead_letter_is_put_back_and_handled(site: Site, console: Page) -> None:
    leave_a_dead_letter(site)
    expect(console.locator("#dead-letters")).to_have_text("1")
    console.get_by_role("link", name="Dead letters").click()
    expect(console.locator("main")).to_contain_text("DatabaseUnavailable: for too long")
    console.get_by_label("Letter").first.check()
    console.get_by_role("button", name="Put back the chosen ones").click()
    expect(console.get_by_role("status")).to_have_text("1 put back into their queues.")
    expect(console.locator("main")).to_contain_text("There are no dead letters.")


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
    for path, values in (("dead-letters", {"do": "replay", "letter 1": "1"}), ("task/x", {"do": "revoke"})):
        refused = page.request.post(f"{site.url}operations/{path}", form={"csrf_token": token or "", **values})
        assert refused.status == 403, path
    context.close()
