"""What is deployed names files, commands, variables and services that there are; no engine of containers is needed."""

import importlib
import json
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
OURS = "data-engine:0.2.0"


def _instructions() -> list[tuple[str, str]]:
    """(word, rest) of each instruction of the Dockerfile, continued lines joined and comments left out."""
    lines = [line for line in (DEPLOY / "Dockerfile").read_text("utf-8").splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(word, rest) for line in joined.splitlines() if line for word, _, rest in [line.partition(" ")]]


def _of(word: str) -> list[str]:
    return [rest for each, rest in _instructions() if each == word]


def _yaml(name: str) -> dict[str, Any]:
    loaded = yaml.safe_load((DEPLOY / name).read_text("utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def _services(*names: str) -> dict[str, dict[str, Any]]:
    """The services of several compose files, of which the later add to the mappings of the earlier."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        for service, given in _yaml(name)["services"].items():
            into = found.setdefault(service, {})
            for key, value in given.items():
                is_more = isinstance(value, dict) and isinstance(into.get(key), dict)
                into[key] = {**into[key], **value} if is_more else value
    return found


def _commands() -> list[list[str]]:
    """Every command that a container of ours runs: its own, and that of its health check."""
    [start], [health] = _of("CMD"), _of("HEALTHCHECK")
    found = [json.loads(start), json.loads(health.partition("CMD ")[2]), json.loads(_of("RUN")[-1])]
    for service in _services("compose.yaml", "compose.s3.yaml").values():
        if service.get("image") == OURS:
            found += [service[key] for key in ("command",) if key in service]
            found += [service["healthcheck"]["test"][1:]] if service.get("healthcheck", {}).get("test") else []
    return found


def test_every_file_that_the_image_is_built_of_is_there_and_not_ignored() -> None:
    kept = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"
    }
    copied = [name for rest in _of("COPY") if not rest.startswith("--from") for name in rest.split()[:-1]]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert name in kept, f"{name} is ignored"


def test_the_image_is_pinned_and_its_process_is_not_root() -> None:
    stages = _of("FROM")
    [default] = [rest.partition("=")[2] for rest in _of("ARG") if rest.startswith("PYTHON=")]
    assert re.fullmatch(r"\d+\.\d+\.\d+-\w+-\w+", default)
    assert [stage.split()[0] for stage in stages] == ["python:${PYTHON}", "python:${PYTHON}"]
    words = [word for word, _ in _instructions()]
    assert _of("USER") == ["10001:10001"] and words.index("USER") < words.index("CMD")
    assert all("-c constraints.txt" in rest for rest in _of("RUN") if "pip install" in rest)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [extras] = [rest.partition("=")[2] for rest in _of("ARG") if rest.startswith("EXTRAS=")]
    assert set(extras.split(",")) <= set(wanted["optional-dependencies"])
    assert OURS.endswith(f":{wanted['version']}")


def test_every_command_of_a_container_exists() -> None:
    beside = Path(sys.executable).parent
    for command in _commands():
        assert shutil.which(command[0], path=str(beside)), command
    subcommands = {tuple(command[:3]) for command in _commands()}
    assert {("dagster", "code-server", "start"), ("dagster", "api", "grpc-health-check")} <= subcommands


def test_services_wait_for_services_and_mount_files_that_there_are() -> None:
    services = _services("compose.yaml", "compose.s3.yaml")
    volumes = set(_yaml("compose.yaml")["volumes"])
    for name, service in services.items():
        assert ":" in service["image"] and not service["image"].endswith("latest"), name
        assert set(service.get("depends_on", ())) <= set(services), name
        for waited, how in service.get("depends_on", {}).items():
            if how["condition"] == "service_healthy":
                has_own = services[waited]["image"] == OURS
                assert has_own or "healthcheck" in services[waited], f"{name} waits for {waited}"
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert source in volumes or (DEPLOY / source).is_file(), mount
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
    # The server of code is where Dagster looks for it.
    [server] = [each["grpc_server"] for each in _yaml("workspace.yaml")["load_from"]]
    assert server["host"] in services and f"{server['port']}" in json.loads(_of("CMD")[0])


def test_the_instance_file_names_classes_that_there_are_and_variables_that_the_services_set() -> None:
    given = _yaml("dagster.yaml")
    set_there = _services("compose.yaml")["code"]["environment"]
    for name, part in given.items():
        if isinstance(part, dict) and "module" in part:
            assert hasattr(importlib.import_module(part["module"]), part["class"]), name
            url = part.get("config", {}).get("postgres_url")
            assert url is None or set_there[url["env"]].startswith("postgresql+psycopg2://")


@pytest.mark.parametrize("word", ["image", "dagsterApiGrpcArgs", "port", "env", "envSecrets", "volumeMounts"])
def test_the_values_of_the_chart_describe_the_image(word: str) -> None:
    [deployment] = _yaml("helm-values.yaml")["dagster-user-deployments"]["deployments"]
    start = json.loads(_of("CMD")[0])
    expected: dict[str, object] = {
        "image": {"repository": "registry.example/my-project", "tag": OURS.partition(":")[2]},
        "dagsterApiGrpcArgs": [*start[start.index("-m") : start.index("-m") + 2], *start[-2:]],
        "port": int(_of("EXPOSE")[0]),
        "env": [{"name": "DATA_ENGINE_DATA", "value": "/data"}, {"name": "DATA_ENGINE_SCRATCH", "value": "/scratch"}],
        "envSecrets": [{"name": "data-engine"}],
        "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "scratch", "mountPath": "/scratch"}],
    }
    deployment["image"].pop("pullPolicy")
    assert deployment[word] == expected[word]
