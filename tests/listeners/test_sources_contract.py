"""What every file in sources/ must be, and how every one behaves where nobody answers."""

import asyncio
import inspect
import re
import tomllib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from types import ModuleType
from typing import Any, cast, get_args

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from leitstand import plugins
from leitstand.errors import FetchError
from leitstand.plugins import About
from leitstand.settings import ListenerSettings
from leitstand.substitution import secret_fields
from listeners.contract import Batch, Listens, Samples, Verifies

SECRET = "bGVpdHN0YW5k" * 4
HIDDEN = "hidden-path"
# Who only waits for others has nothing to fetch from.
NOWHERE = f"http://127.0.0.1:1/{HIDDEN}"
pytestmark = pytest.mark.parametrize("kind", plugins.kinds(plugins.SOURCES))


def loaded(kind: str) -> ModuleType:
    return plugins.load(plugins.SOURCES, kind)


def example(kind: str) -> dict[str, Any]:
    """The TOML in the module's docstring, with secrets put in."""
    text = inspect.getdoc(loaded(kind)) or ""
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    toml = re.sub(r'"\$\{\w+\}"', f'"{SECRET}"', "\n".join(lines))
    [listener] = tomllib.loads(toml)["listeners"].values()
    assert isinstance(listener, dict)
    return listener


def nowhere(kind: str, folder: Path) -> ListenerSettings:
    """The example, led to where nobody answers: nothing listens on port 1 of this host."""
    module = loaded(kind)
    led: dict[str, Any] = {}
    for name, field in module.Settings.model_fields.items():
        if name == "login_url" and field.default == "":
            continue  # a password is used
        if name.endswith("url"):
            socket = str(field.default).startswith("ws") or kind == "bluesky"
            led[name] = NOWHERE.replace("http", "ws") if socket else NOWHERE
        elif name == "urls":
            led[name] = [NOWHERE]
        elif name in ("host", "server"):
            led[name] = "127.0.0.1"
        elif name == "port":
            led[name] = 1
        elif name == "path":
            led[name] = folder / "no-such-file"
        elif name == "allow_private":
            led[name] = True
    settings = module.Settings.model_validate({**example(kind), **led})
    assert isinstance(settings, ListenerSettings)
    return settings


def test_it_is_a_guide_with_an_example_that_works(kind: str) -> None:
    module = loaded(kind)
    settings = module.Settings.model_validate(example(kind))
    assert isinstance(settings, ListenerSettings)
    assert settings.kind == kind
    assert isinstance(module.ABOUT, About)
    assert module.ABOUT.title
    assert module.ABOUT.summary.endswith(".")
    assert len((module.__doc__ or "").splitlines()) >= 8


def test_every_setting_is_described_and_every_secret_is_one(kind: str) -> None:
    settings = loaded(kind).Settings
    for name, field in settings.model_fields.items():
        assert field.description, name
        if re.search(r"secret|token|password|api_?key", name):
            types = (field.annotation, *get_args(field.annotation))
            assert any(t is SecretStr or SecretStr in get_args(t) for t in types), name


def test_it_says_where_its_secrets_are_issued(kind: str) -> None:
    """Unless they are the operator's own making."""
    module = loaded(kind)
    url = module.ABOUT.credentials_url
    assert url == "" or url.startswith("https://")
    if isinstance(module, Listens) and secret_fields(module.Settings):
        text = module.__doc__ or ""
        assert url or re.search(r"password|token|made by yourself", text)


def test_settings_never_show_a_secret(kind: str) -> None:
    settings = loaded(kind).Settings.model_validate(example(kind))
    for shown in (repr(settings), str(settings)):
        assert SECRET not in shown


def test_it_listens_or_receives(kind: str) -> None:
    module = loaded(kind)
    if isinstance(module, Listens):
        assert inspect.isasyncgenfunction(module.listen)
    else:
        assert kind == "api" or hasattr(module, "receive")
    assert isinstance(module, Verifies)
    assert inspect.iscoroutinefunction(module.verify)


def test_what_it_shows_without_listening_it_fetches(kind: str, tmp_path: Path) -> None:
    module = loaded(kind)
    if not isinstance(module, Samples):
        pytest.skip("its listening changes nothing at its network")
    with pytest.raises(FetchError) as caught:
        asyncio.run(asyncio.wait_for(module.sample(nowhere(kind, tmp_path), 10), 60))
    assert SECRET not in str(caught.value)


def test_where_nobody_answers_it_says_so_and_nothing_leaks(kind: str, tmp_path: Path) -> None:
    module = loaded(kind)
    if not isinstance(module, Listens):
        pytest.skip("it waits for others")
    settings = nowhere(kind, tmp_path)

    async def go() -> str:
        batches = cast(AsyncGenerator[Batch, None], module.listen("a-name", settings, {}))
        try:
            async with aclosing(batches), asyncio.timeout(60):
                async for batch in batches:
                    assert batch.mentions == ()
                    if batch.error:
                        return batch.error
        except FetchError as error:
            return str(error)
        return ""

    with capture_logs() as logs:
        said = asyncio.run(go())
    assert said
    assert SECRET not in said + str(logs)
    if not hasattr(settings, "urls"):  # an address that the operator wrote is a feed's name
        assert HIDDEN not in said + str(logs)


def test_it_can_be_verified_and_says_that_nobody_answers(kind: str, tmp_path: Path) -> None:
    module = loaded(kind)
    if not isinstance(module, Listens):
        assert asyncio.run(module.verify(module.Settings.model_validate(example(kind))))
        return
    with pytest.raises(FetchError) as caught:
        asyncio.run(asyncio.wait_for(module.verify(nowhere(kind, tmp_path)), 60))
    assert SECRET not in str(caught.value)
