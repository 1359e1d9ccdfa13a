"""What every file in targets/ must be, and how every one behaves where nobody answers."""

import asyncio
import inspect
import re
import socket
import tomllib
from typing import Any, get_args

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from escalation_bridge.contract import Removes, Target, connect, verify
from leitstand import plugins
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.language.catalogue import Language
from leitstand.plugins import About
from leitstand.settings import TargetSettings
from tests.escalation_bridge.receivers import HANG, receiver
from tests.escalation_bridge.words import CASE, delivery

KINDS = plugins.kinds(plugins.TARGETS)
SECRET = "whsec_" + "bGVpdHN0YW5k" * 3


def at_port(port: int) -> dict[str, dict[str, Any]]:
    """Where each target's system is, if it is on this host."""
    return {
        "email": {"host": "127.0.0.1", "port": port, "security": "none", "username": "", "password": None},
        "log": {},
        "slack": {"token": "xoxb-secret", "api_url": f"http://127.0.0.1:{port}/api/"},
        "webhook": {"url": f"http://127.0.0.1:{port}/hidden-path", "secret": SECRET},
    }


NOWHERE = at_port(1)  # nothing listens there
pytestmark = pytest.mark.parametrize("kind", KINDS)


def example(kind: str) -> dict[str, Any]:
    """The TOML in the module's docstring, with secrets put in."""
    text = inspect.getdoc(plugins.load(plugins.TARGETS, kind)) or ""
    lines = [line for line in text.splitlines() if line.startswith("    ")]
    toml = re.sub(r'"\$\{\w+\}"', f'"{SECRET}"', "\n".join(line.strip() for line in lines))
    (target,) = tomllib.loads(toml)["targets"].values()
    assert isinstance(target, dict)
    return target


def nowhere(kind: str) -> Target:
    values = {**example(kind), **NOWHERE[kind]}
    return connect("a-name", plugins.load(plugins.TARGETS, kind).Settings.model_validate(values))


def test_it_is_a_guide_with_an_example_that_works(kind: str) -> None:
    module = plugins.load(plugins.TARGETS, kind)
    settings = module.Settings.model_validate(example(kind))
    assert isinstance(settings, TargetSettings)
    assert settings.kind == kind
    assert isinstance(module.ABOUT, About)
    assert module.ABOUT.title
    assert module.ABOUT.summary.endswith(".")


def test_it_takes_back_what_it_says_it_can(kind: str) -> None:
    can = plugins.load(plugins.TARGETS, kind).ABOUT.removes
    assert isinstance(nowhere(kind), Removes) == (can in ("messages", "case"))


def test_every_setting_is_described_and_every_secret_is_one(kind: str) -> None:
    for name, field in plugins.load(plugins.TARGETS, kind).Settings.model_fields.items():
        assert field.description, name
        if any(word in name for word in ("secret", "token", "password")):
            types = (field.annotation, *get_args(field.annotation))
            assert any(t is SecretStr or SecretStr in get_args(t) for t in types), name


def test_settings_never_show_a_secret(kind: str) -> None:
    settings = plugins.load(plugins.TARGETS, kind).Settings.model_validate({**example(kind), **NOWHERE[kind]})
    for shown in (repr(settings), str(settings)):
        assert "xoxb-secret" not in shown
        assert SECRET not in shown


def test_connecting_needs_no_network_and_takes_a_language(kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as network:
        place = at_port(network.getsockname()[1])[kind]
        values = plugins.load(plugins.TARGETS, kind).Settings.model_validate({**example(kind), **place})

        async def go() -> None:
            for language in get_args(Language):
                await connect("a-name", values, language).close()

        asyncio.run(go())
        network.setblocking(False)
        with pytest.raises(BlockingIOError):  # nobody has called
            network.accept()


def test_where_nobody_answers_nothing_was_taken_and_nothing_leaks(kind: str) -> None:
    async def go() -> None:
        target = nowhere(kind)
        try:
            await target.deliver(delivery())
        finally:
            await target.close()

    with capture_logs() as logs:
        if kind == "log":
            asyncio.run(go())
            assert len(logs) == 1
        else:
            with pytest.raises(DeliveryError) as caught:
                asyncio.run(go())
            assert caught.value.outcome is DeliveryOutcome.RETRY
            for secret in ("xoxb-secret", SECRET, "hidden-path"):
                assert secret not in str(caught.value)
    said = str(logs)
    assert CASE.text[:20] not in said
    assert CASE.author.handle not in said


def test_it_can_be_verified_without_sending(kind: str) -> None:
    settings = plugins.load(plugins.TARGETS, kind).Settings.model_validate({**example(kind), **NOWHERE[kind]})
    if kind == "log":
        assert asyncio.run(verify("a-name", settings))
    else:
        with pytest.raises(DeliveryError) as caught:
            asyncio.run(verify("a-name", settings))
        assert "hidden-path" not in str(caught.value)


def test_verifying_ends_in_time(kind: str) -> None:
    if kind == "log":
        return
    with receiver(HANG) as server, socket.create_server(("127.0.0.1", 0)) as mute:
        silent = {
            "slack": {"api_url": f"{server.url}/api/"},
            "email": {"port": mute.getsockname()[1]},
            "webhook": {"url": f"https://127.0.0.1:{mute.getsockname()[1]}/"},
        }
        values = {**example(kind), **NOWHERE[kind], **silent[kind], "timeout": "0.2s"}
        settings = plugins.load(plugins.TARGETS, kind).Settings.model_validate(values)
        with pytest.raises(DeliveryError):
            asyncio.run(asyncio.wait_for(verify("a-name", settings), 60))
