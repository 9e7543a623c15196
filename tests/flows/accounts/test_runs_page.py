"""What comes by itself, as administrators see it in the browser."""

from __future__ import annotations

import re

from tests.flows.accounts.conftest import MakePerson, operator
from tests.flows.system.conftest import until
from tests.sites import Site


def test_an_administrator_sees_fires_and_what_became_of_each_session(
    people: MakePerson, admin_address: str, site: Site
) -> None:
    for way in ("print", "fail"):
        visitor = people()
        visitor.go_to("by_itself")
        assert visitor.open(way=way).status_code == 200
    said = operator(site, "cron", "printed_type").stdout
    fire_id = re.search(r"--fire\s+([0-9a-f-]{36})", said)
    assert fire_id is not None, said
    root = people()
    root.sign_in(admin_address)

    def is_over() -> bool:
        root.get("/runs", type="printed_type")
        return "1 done" in root.page and "1 failed" in root.page

    until(is_over, "the runs of the fire")
    root.get("/runs")
    assert "cron_daily" in root.page
    assert f"/runs/{fire_id[1]}" in root.page
    assert 'aria-label="Operations"' in root.page
    root.get(f"/runs/{fire_id[1]}")
    assert "Printed &lt;b&gt;marks&lt;/b&gt; for print" in root.page
    assert "An error with &lt;b&gt;marks&lt;/b&gt;" in root.page
    assert "by_itself.yml" in root.page
    assert len(re.findall(r'href="/operations/session/[0-9a-f-]{36}"', root.page)) == 2
    assert 'aria-label="Operations"' in root.page
    root.get(f"/runs/{fire_id[1]}", status="failed")
    assert "An error with" in root.page
    assert "Printed &lt;" not in root.page.partition("<tbody>")[2]


def test_nobody_else_sees_them(people: MakePerson, admin_address: str) -> None:
    ann, nobody = people(), people()
    ann.register()
    for page in ("/runs", "/runs/0199a0a0-0000-7000-8000-000000000000"):
        assert ann.get(page).status_code == 403
        assert nobody.get(page).url.path == "/user/sign-in"


def test_a_fire_that_there_never_was_has_no_runs(people: MakePerson, admin_address: str) -> None:
    root = people()
    root.sign_in(admin_address)
    for fire_id in ("0199a0a0-0000-7000-8000-000000000000", "nonsense"):
        assert root.get(f"/runs/{fire_id}").status_code == 200
        assert "There are none." in root.page
