"""An interview within another page: the script that puts it there, and who may (spec/area2 §2.3)."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson
import pytest

from shared.crypto.keys import ServerKeys
from tests.flows.gateway.conftest import Visitor
from tests.flows.gateway.house import gateway_house

APP = "https://app.example.org"


async def test_a_script_puts_the_interview_into_an_element_and_tells_nothing(visitor: Visitor) -> None:
    answer = await visitor.http.get("/interview?i=test:names.yml&js_target=here&from=page&from=again")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert 'document.getElementById("here")' in answer.text
    line = next(line for line in answer.text.splitlines() if "frame.src" in line)
    address = orjson.loads(line.partition("= ")[2].rstrip(";"))
    assert httpx.URL(address).path == "/interview"
    assert httpx.URL(address).params.multi_items() == [("i", "test:names.yml"), ("from", "page"), ("from", "again")]
    assert "set-cookie" not in answer.headers
    assert "What is your name?" not in answer.text


@pytest.mark.parametrize("target", ["</script><script>alert(1)", '");alert(1);("', "\u2028alert(1)", "\\"])
async def test_the_name_of_the_element_stays_a_text(visitor: Visitor, target: str) -> None:
    answer = await visitor.http.get("/interview", params={"i": "test:names.yml", "js_target": target})
    assert not {"<", "\u2028"} & set(answer.text)
    line = next(line for line in answer.text.splitlines() if "getElementById" in line)
    assert orjson.loads(line.partition("getElementById(")[2].removesuffix(");")) == target


async def test_only_pages_of_ours_and_of_named_origins_may_show_it(
    visitor: Visitor, postgres_url: str, server_keys: ServerKeys, tmp_path: Path
) -> None:
    answer = await visitor.http.get("/interview?i=test:names.yml")
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert APP not in answer.headers["content-security-policy"]
    async with (
        gateway_house(
            database_url=postgres_url, server_keys=server_keys, packages=tmp_path, allowed_origins=f"{APP}, *"
        ) as house,
        httpx.AsyncClient(base_url=house.url, timeout=60) as http,
    ):
        shown = await http.get("/interview?i=test:names.yml")
        assert f"frame-ancestors 'self' {APP}" in shown.headers["content-security-policy"]
        assert "frame-ancestors 'self' *" not in shown.headers["content-security-policy"]
        account = await http.get("/user/sign-in")
        assert "frame-ancestors 'none'" in account.headers["content-security-policy"]
