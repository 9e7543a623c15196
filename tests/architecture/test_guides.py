"""The pages of docs/ name commands, files, pages, Secrets, hosts and containers as they are."""

from __future__ import annotations

import re
import shlex
import tomllib
import warnings
from pathlib import Path
from typing import Any

import click
import pytest
from typer.main import get_command

from services.cli import app
from services.settings_table import OF_SERVICES, known_variables
from tests.manifests import DEPLOY, OVERLAYS, ROOT, compose, documents, environment, named, rendered

OPERATORS = ROOT / "docs" / "operators"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
KUBERNETES = (OPERATORS / "kubernetes.md").read_text()
ONE_HOST = (OPERATORS / "one-host.md").read_text()
CODE = re.compile(r"^ *```[^\n]*\n(.*?)^ *```|`([^`\n]+)`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"""(?<![-\w/."])(?:[./\w]*/bin/)?colloquy (?=([a-z][^\n|;&#)`]+))""")
MADE_BY_READERS = {"interviews", ".env"}
WHOLE: click.Command = get_command(app)
TAKES_A_NAME = re.compile(r"(?:-n|-t|namespace|generic|createdb)\s*$")
"""What is followed by something that is called colloquy, and is not the command."""


def code(page: str) -> list[str]:
    """What stands on the page as code, with long lines put together."""
    return [(block or inline).replace("\\\n", " ") for block, inline in CODE.findall(page)]


def commands(page: str) -> list[list[str]]:
    """The words after each `colloquy`."""
    return [
        words(found[1])
        for text in code(page)
        for found in COMMAND.finditer(text)
        if not TAKES_A_NAME.search(text[: found.start()])
    ]


def words(text: str) -> list[str]:
    """Its words; the signs for what may be left out stand beside them, not in them."""
    try:
        return shlex.split(text.replace("[", " ").replace("]", " "))
    except ValueError:  # a quotation that goes on
        return text.split()


def mistake(given: list[str]) -> str | None:
    """What such a command line names that is not there."""
    command = WHOLE
    for word in given:
        if word.startswith("--"):
            known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            if word.partition("=")[0] not in known:
                return f"{word} is no option of {' '.join(given)}"
        elif hasattr(command, "commands") and word != "…":
            if word not in command.commands:
                return f"{word} is no command, in {' '.join(given)}"
            command = command.commands[word]
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_names_commands_and_options_that_exist(page: Path) -> None:
    assert [wrong for given in commands(page.read_text()) if (wrong := mistake(given))] == []


def test_a_command_that_is_none_is_found() -> None:
    (wrong, right) = commands("`.venv/bin/colloquy keys turn` and `kubectl -n colloquy exec x -- colloquy doctor`")
    assert mistake(wrong) == "turn is no command, in keys turn"
    assert mistake(right) is None
    assert mistake(["config", "--chek"]) == "--chek is no option of config --chek"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)", page.read_text()):
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), target
        if anchor and path.suffix == ".md":
            assert anchor in anchors(path.read_text()), f"{target}#{anchor}"


def anchors(page: str) -> set[str]:
    """As they are made of headings where pages are shown."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(OPERATORS.glob("*.md")), ids=lambda path: path.name)
def test_files_of_deploy_that_a_page_names_are_there(page: Path) -> None:
    for name in re.findall(r"(?<![\w/.-])((?:deploy|overlays)/[\w./-]+|[\w-]+\.yaml)", page.read_text()):
        if name.rstrip("/").removeprefix("deploy/") in MADE_BY_READERS | set(named("Deployment")):
            continue  # the latter is kubectl's word for a Deployment
        places = [ROOT / name, DEPLOY / "k8s" / name]
        assert any(place.exists() for place in places) or list(DEPLOY.rglob(name)), name


# Kubernetes ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def production() -> list[dict[str, Any]]:
    (overlay,) = [path for path in OVERLAYS if path.name == "production"]
    found = rendered(overlay)
    if found is None:
        warnings.warn("UNCHECKED: kubectl is not here, so the guide was not held to the overlay.", stacklevel=2)
    return found or []


def called(objects: list[dict[str, Any]], kind: str) -> set[str]:
    return {one["metadata"]["name"] for one in objects if one["kind"] == kind}


def secrets_made() -> dict[str, set[str]]:
    """The Secrets that the guide has the reader make, with their keys."""
    made: dict[str, set[str]] = {}
    for text in code(KUBERNETES):
        for kind, name, rest in re.findall(r"create secret (generic|tls) (\S+)([^\n]*)", text):
            keys = re.findall(r"--from-(?:literal|file)=([\w.-]+)", rest)
            made.setdefault(name, set()).update(["tls.crt", "tls.key"] if kind == "tls" else keys)
    return made


def secrets_read(objects: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The Secrets that the overlay mounts or names, with the keys that are read of them."""
    read: dict[str, set[str]] = {}
    for one in objects:
        match one["kind"]:
            case "Ingress":
                for each in one["spec"]["tls"]:
                    read.setdefault(each["secretName"], set()).update({"tls.crt", "tls.key"})
            case "TriggerAuthentication":
                for each in one["spec"]["secretTargetRef"]:
                    read.setdefault(each["name"], set()).add(each["key"])
            case "Deployment" | "Job":
                pod = one["spec"]["template"]["spec"]
                (container,) = pod["containers"]
                mounts = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
                told = [each["value"] for each in container.get("env", ()) if each["name"].endswith("_FILE")]
                for volume in pod["volumes"]:
                    if "secret" in volume:
                        place = mounts[volume["name"]] + "/"
                        keys = {value.removeprefix(place) for value in told if value.startswith(place)}
                        keys |= {each["key"] for each in volume["secret"].get("items", ())}
                        read.setdefault(volume["secret"]["secretName"], set()).update(keys)
    return read


def test_the_guide_makes_the_secrets_that_are_read_with_the_keys_that_are_read(
    production: list[dict[str, Any]],
) -> None:
    if not production:
        return
    made = secrets_made()
    assert made.pop("colloquy-more") <= known_variables()
    assert made == secrets_read(production)


def test_the_guide_takes_from_operators_what_they_make(production: list[dict[str, Any]]) -> None:
    if not production:
        return
    taken = {secret for text in code(KUBERNETES) for secret in re.findall(r"\$\(of (\S+) \w+\)", text)}
    databases, brokers = called(production, "Cluster"), called(production, "RabbitmqCluster")
    assert taken == {*(f"{name}-app" for name in databases), *(f"{name}-default-user" for name in brokers)}
    hosts = {host for text in code(KUBERNETES) for host in re.findall(r"@([\w-]+)[:\"]", text)} - {"example"}
    assert hosts == {*brokers, "colloquy-redis"}
    (namespace,) = {one["metadata"]["namespace"] for one in production if one["kind"] == "Cluster"}
    addressed = {host for text in code(KUBERNETES) for host in re.findall(r"@([\w.-]+):5432", text)}
    assert addressed == {f"{name}-rw.{namespace}" for name in databases}  # asked from another namespace, too
    assert "colloquy-redis" in called(production, "Service")


def test_the_guide_speaks_of_objects_by_their_names(production: list[dict[str, Any]]) -> None:
    texts = "\n".join(code(KUBERNETES))
    (kustomization,) = documents(DEPLOY / "k8s" / "overlays" / "production" / "kustomization.yaml")
    assert set(re.findall(r"kubectl -n (\S+)", texts)) == {kustomization["namespace"]}
    assert {"colloquy", "colloquy-dev"} == {documents(path / "kustomization.yaml")[0]["namespace"] for path in OVERLAYS}
    (image,) = kustomization["images"]
    assert set(re.findall(r"registry\.\S+?:[\d.]+\d", texts)) == {f"{image['newName']}:{image['newTag']}"}
    assert image["newTag"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    if production:
        kinds = {"deploy/": "Deployment", "job ": "Job", "service ": "Service"}
        for kind, name in re.findall(r"(?:get|delete|exec -it) (deploy/|job |service )([\w-]+)", texts):
            assert name in called(production, kinds[kind]), name
    entry = re.search(r'ENTRYPOINT \["(.*)"\]', (DEPLOY / "Dockerfile").read_text())
    assert entry
    assert set(re.findall(r"-- (\S+/colloquy)", texts)) == {entry[1]}


PORTS = {"database_url": 5432, "redis_url": 6379, "amqp_url": 5672}
ANY = "any"


def talk(direction: str) -> dict[str, set[str]]:
    """Who talks to whom by ARCHITECTURE: the ports of each pod, those it opens (`To`) or listens at (`From`)."""
    page = (ROOT / "ARCHITECTURE.md").read_text()
    table = re.search(rf"^\| {direction} \| Port \|.*\n(?:\|.*\n)+", page, re.MULTILINE)
    assert table, direction
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[0].splitlines()]
    found: dict[str, set[str]] = {name: set() for name in head[2:-1]}
    for _, ports, *cells in rows:
        for name, cell in zip(found, cells, strict=False):
            assert cell in ("yes", "–"), (name, cell)
            found[name] |= set(ports.split(", ")) if cell == "yes" else set()
    return found


def opened(name: str, direction: str) -> set[str]:
    """The ports that the pod's network policy lets through; `any` for a rule without ports."""
    policy = named("NetworkPolicy")[name]["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    rules = policy[direction]
    assert all(set(rule) <= {"ports"} for rule in rules)
    return {str(port["port"]) for rule in rules for port in rule.get("ports", ({"port": ANY},))}


@pytest.mark.parametrize("name", sorted(named("NetworkPolicy")))
def test_a_network_policy_lets_through_what_the_architecture_says_and_no_more(name: str) -> None:
    outwards = talk("To")
    assert opened(name, "egress") == ({ANY} if ANY in outwards[name] else outwards[name])
    assert opened(name, "ingress") == talk("From")[name]


def test_the_architecture_speaks_of_every_pod() -> None:
    assert set(talk("To")) == set(talk("From")) == set(named("NetworkPolicy"))


@pytest.mark.parametrize("name", OF_SERVICES)
def test_the_architecture_names_the_servers_that_a_service_needs_and_no_other(name: str) -> None:
    needed = {str(PORTS[each]) for each in OF_SERVICES[name].NEEDED if each in PORTS}
    assert talk("To")[name] & {str(port) for port in PORTS.values()} == needed


@pytest.mark.parametrize("name", sorted(named("NetworkPolicy")))
def test_a_pod_is_told_of_the_servers_that_the_architecture_names_and_of_no_other(name: str) -> None:
    told = {variable for variable in environment(name) if variable.endswith(("_URL", "_URL_FILE"))}
    ports = {f"COLLOQUY_{setting.upper()}_FILE": str(port) for setting, port in PORTS.items()}
    wanted = {variable for variable, port in ports.items() if port in talk("To")[name]}
    assert told - set(named("ConfigMap")["colloquy"]["data"]) == wanted


@pytest.mark.parametrize("name", OF_SERVICES)
def test_the_architecture_names_the_ports_where_a_service_listens(name: str) -> None:
    given = environment(name)
    listens = {given["COLLOQUY_PORT" if name == "gateway" else "COLLOQUY_HEALTH_PORT"]}
    listens |= {given["COLLOQUY_SMTP_PORT"]} if name == "mail" else set()
    assert talk("From")[name] == listens


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_a_server_of_an_overlay_lets_in_whom_the_architecture_names(overlay: Path) -> None:
    objects = rendered(overlay)
    if objects is None:
        warnings.warn(f"UNCHECKED: kubectl is not here, so the overlay {overlay.name} was not rendered.", stacklevel=2)
        return
    pods = [one["spec"]["template"] for one in objects if one["kind"] in ("Deployment", "Job")]
    ours = [pod for pod in pods if pod["metadata"]["labels"]["app.kubernetes.io/name"] == "colloquy"]
    for port in map(str, PORTS.values()):
        peers = [
            peer
            for one in objects
            if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] not in talk("To")
            for rule in one["spec"]["ingress"]
            if port in {str(each["port"]) for each in rule.get("ports", ())}
            for peer in rule["from"]
        ]
        # Pods of other namespaces are none of ours; a peer without a namespace is one of this.
        peers = [peer for peer in peers if "namespaceSelector" not in peer]
        assert peers, port
        let_in = {
            pod["spec"]["containers"][0]["args"][-1]
            for pod in ours
            for peer in peers
            if peer["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        }
        wanted = {name for name, ports in talk("To").items() if port in ports}
        # What a migration must not reach, its own policy keeps it from: it may be let in.
        assert wanted <= let_in <= {*wanted, "migrate"}, port


# Compose -------------------------------------------------------------------------------------------------------------


FILLED_IN = {"COLLOQUY_PASSWORD": "a", "COLLOQUY_AUTHOR_PASSWORD": "b", "COLLOQUY_PUBLIC_URL": "http://localhost/"}


@pytest.mark.parametrize("name", OF_SERVICES)
def test_compose_tells_a_service_of_the_servers_that_the_architecture_names_and_of_no_other(name: str) -> None:
    told = compose(FILLED_IN)["services"][name]["environment"]
    wanted = {setting for setting, port in PORTS.items() if str(port) in talk("To")[name]}
    assert {setting for setting in PORTS if f"COLLOQUY_{setting.upper()}" in told} == wanted


def test_the_guide_for_one_host_speaks_of_what_compose_starts() -> None:
    made = compose(FILLED_IN)
    services, texts = made["services"], "\n".join(code(ONE_HOST))
    assert set(re.findall(r"exec (\w+)|--scale (\w+)=|cp (\w+):", texts)) == {
        ("session", "", ""),
        ("", "worker", ""),
        ("", "", "session"),
    }
    assert {"session", "worker", "keys", "migrate"} <= services.keys()
    (copied,) = re.findall(r"cp session:(\S+)", texts)
    assert copied == services["session"]["environment"]["COLLOQUY_SERVER_KEY_FILE"]
    (network,) = re.findall(rf"`{made['name']}_(\w+)`", ONE_HOST)
    assert network in made["networks"]
    assert services["gateway"]["ports"] == [
        f"{address}:8000" for address in set(re.findall(r"127\.0\.0\.1:8000", texts))
    ]
