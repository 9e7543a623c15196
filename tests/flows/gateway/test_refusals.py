"""Bad input gets a clear answer, and nothing is changed by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.metadata import version

import pytest

from shared.bus.port import BusUnavailable
from shared.contracts.session import RefusedRequest, SubmitAnswers
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import House
from tests.flows.gateway.session_double import encoded

ASKS_FOR_JSON = {"x-requested-with": "XMLHttpRequest"}


async def test_an_unknown_interview_is_a_404_page_and_json(visitor: Visitor) -> None:
    page = await visitor.open("test:nothing.yml")
    assert page.status_code == 404
    assert "There is no such interview or session here." in page.text
    said = await visitor.open("test:nothing.yml", json="1")
    assert said.status_code == 404
    assert said.json()["error"]["reason"] == "not_found"


async def test_an_unknown_address_is_a_404_page_and_json(visitor: Visitor) -> None:
    page = await visitor.http.get("/nowhere")
    assert page.status_code == 404
    assert "<title>Not found</title>" in page.text
    said = await visitor.http.get("/nowhere", headers={"accept": "application/json"})
    assert said.json()["error"]["status"] == 404


@pytest.mark.parametrize("token", ["", "nonsense", None])
async def test_a_post_without_its_token_is_refused(house: House, visitor: Visitor, token: str | None) -> None:
    await visitor.open()
    fields = visitor.fields() | {encoded("user.name"): "Ann"}
    if token is None:
        del fields["csrf_token"]
    else:
        fields["csrf_token"] = token
    page = await visitor.post(dict(fields))
    assert page.status_code == 403
    assert "was not made for this browser" in page.text
    said = await visitor.post(fields, **ASKS_FOR_JSON)
    assert said.status_code == 403
    assert said.json()["success"] is False
    assert house.double.asked_for(SubmitAnswers) == []


async def test_the_token_of_another_browser_is_refused(house: House, visitor: Visitor, somebody_else: Visitor) -> None:
    await visitor.open()
    await somebody_else.open()
    foreign = visitor.fields() | {"csrf_token": somebody_else.fields()["csrf_token"]}
    assert (await visitor.post(foreign)).status_code == 403
    assert house.double.asked_for(SubmitAnswers) == []


async def test_a_form_of_another_session_is_refused(house: House, visitor: Visitor) -> None:
    await visitor.open()
    first = visitor.fields()
    await visitor.open(new_session="1")
    mixed = visitor.fields() | {"_form": first["_form"]}
    assert (await visitor.post(mixed)).status_code == 400
    assert house.double.asked_for(SubmitAnswers) == []


async def test_a_changed_form_is_refused(house: House, visitor: Visitor) -> None:
    await visitor.open()
    fields = visitor.fields()
    changed = fields | {"_form": fields["_form"][:-4] + "AAAA"}
    assert (await visitor.post(changed)).status_code == 400
    assert house.double.asked_for(SubmitAnswers) == []


async def test_a_body_over_the_limit_is_a_413_page_and_json(house: House, visitor: Visitor) -> None:
    await visitor.open()
    fields = visitor.fields() | {encoded("user.name"): "x" * 70_000}
    page = await visitor.post(fields)
    assert page.status_code == 413
    assert "The limit is 64 KiB." in page.text
    said = await visitor.post(fields, **ASKS_FOR_JSON)
    assert said.json()["error"]["status"] == 413
    assert house.double.asked_for(SubmitAnswers) == []


async def test_parameters_that_are_no_numbers_are_refused(visitor: Visitor) -> None:
    answer = await visitor.open(reset="twice")
    assert answer.status_code == 400
    assert "reset must be a whole number." in answer.text


async def test_a_busy_session_service_is_a_503_that_scripts_may_retry(house: House, visitor: Visitor) -> None:
    await visitor.open()

    async def refuse(_envelope: object) -> RefusedRequest:
        return RefusedRequest(error="PoolBusy", is_retryable=True)

    queue = house.bus._queue("session.interactive")
    queue.workers[0].consumer.handlers[SubmitAnswers] = refuse
    said = await visitor.post(visitor.fields(), **ASKS_FOR_JSON)
    assert said.status_code == 503
    assert said.json()["is_retryable"] is True
    assert said.headers["retry-after"] == "5"


async def test_without_the_bus_pages_say_so_and_come_back_by_themselves(house: House, visitor: Visitor) -> None:
    await visitor.open()
    fields = visitor.fields() | {encoded("user.name"): "Ann"}
    await house.bus.stop()
    with pytest.raises(BusUnavailable):
        house.bus._must_accept()
    page = await visitor.post(fields)
    assert page.status_code == 503
    assert "Nothing is lost" in page.text
    ready = await visitor.http.get("/health/ready")
    assert ready.status_code == 503
    await house.bus.start()
    assert "Hello, Ann!" in (await visitor.post(fields)).text


async def test_without_the_database_pages_say_so(house: House, visitor: Visitor) -> None:
    await visitor.open()
    await house.database.stop()
    page = await visitor.http.get("/interview?i=test:names.yml")
    assert page.status_code == 503
    said = await visitor.http.get("/health/ready")
    assert "database" in said.json()["problems"]["gateway"]
    await house.database.start()
    assert (await visitor.open()).status_code == 200


async def test_a_load_balancer_asks_as_it_asks_docassemble(house: House, visitor: Visitor) -> None:
    well = await visitor.http.get("/health_check?ready=1")
    assert (well.status_code, well.text) == (200, "OK")
    await house.database.stop()
    assert (await visitor.http.get("/health_check?ready=1")).status_code == 400
    assert (await visitor.http.get("/health_check")).status_code == 200
    await house.database.start()


async def test_a_program_reads_how_the_server_is_as_it_reads_it_of_docassemble(house: House, visitor: Visitor) -> None:
    well = (await visitor.http.get("/health_status?ready=1")).json()
    assert set(well) == {"ok", "server_start_time", "version"}
    assert (well["ok"], well["version"]) == (True, version("colloquy"))
    assert datetime.fromisoformat(well["server_start_time"]).utcoffset() == timedelta()
    await house.database.stop()
    ill = await visitor.http.get("/health_status?ready=1")
    assert (ill.status_code, ill.json()) == (200, well | {"ok": False})
    assert (await visitor.http.get("/health_status")).json() == well
    await house.database.start()


async def test_files_of_packages_are_served_and_nothing_beside_them(house: House, visitor: Visitor) -> None:
    folder = house.packages / "test" / "data"
    (folder / "static").mkdir(parents=True)
    (folder / "sources").mkdir()
    (folder / "static" / "own.js").write_text("1")
    (folder / "static" / "page.html").write_text("<script>1</script>")
    (folder / "sources" / "secret.txt").write_text("secret")
    served = await visitor.http.get("/packagestatic/test/own.js")
    assert served.headers["content-type"].startswith("text/javascript")
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in (await visitor.http.get("/packagestatic/test/page.html")).headers["content-security-policy"]
    for name in ("../sources/secret.txt", "%2e%2e/sources/secret.txt", "data/sources/secret.txt", "nothing.js"):
        assert (await visitor.http.get(f"/packagestatic/test/{name}")).status_code == 404


async def test_nothing_outside_the_static_folder_is_served(visitor: Visitor) -> None:
    assert (await visitor.http.get("/static/css/colloquy.css")).status_code == 200
    for name in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", "vendor/.fetched.json"):
        assert (await visitor.http.get(f"/static/{name}")).status_code == 404


async def test_leaving_leads_to_no_other_site(house: House, visitor: Visitor) -> None:
    await visitor.open()
    answer = await visitor.http.get(
        "/exit?i=test:names.yml&next=//evil.example/", headers={"sec-fetch-site": "same-origin"}
    )
    assert answer.headers["location"] == "/"
    assert house.double.sessions == {}


async def test_pages_of_our_own_run_nothing_inline_and_interviews_may(visitor: Visitor) -> None:
    start = await visitor.http.get("/")
    assert "unsafe-inline" not in start.headers["content-security-policy"].partition("style-src")[0]
    page = await visitor.open()
    policy = page.headers["content-security-policy"]
    scripts = policy.partition("script-src ")[2].partition(";")[0]
    assert "'unsafe-inline'" not in scripts
    assert "object-src 'none'" in policy
    nonce = scripts.partition("'nonce-")[2].partition("'")[0]
    assert len(nonce) >= 20
    assert page.text.count("<script") - 1 == page.text.count(f'<script nonce="{nonce}"') > 3
    assert nonce not in (await visitor.open()).text, "each page has its own"
