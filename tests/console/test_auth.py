"""Tokens, sessions and who needs them: no server, no database."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from console.auth import (
    SESSION_LIFE,
    Caller,
    Scope,
    Sessions,
    Tokens,
    api_tokens,
    bearer,
    console_tokens,
    is_loopback,
    is_open,
    load_key,
)
from leitstand.errors import ServiceError
from leitstand.settings import Settings
from listeners.sources import api

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
WALL = Caller("wall", frozenset({Scope.READ}))
TOKENS = Tokens([("a-token", WALL), ("b-token", Caller("desk", frozenset({Scope.READ, Scope.ACT})))])
KEY = b"k" * 32


def config(listen: str = "127.0.0.1:8080", url: str = "", tokens: dict[str, object] | None = None) -> Settings:
    """A configuration that listens there."""
    return Settings.model_validate({"server": {"listen": listen, "url": url}, "api": {"tokens": tokens or {}}})


def test_a_token_finds_its_caller_and_nothing_else_does() -> None:
    assert TOKENS.find("a-token") == WALL
    for wrong in ("", "a-toke", "a-token ", "A-TOKEN", "\udcff"):
        assert TOKENS.find(wrong) is None


def test_admin_may_everything() -> None:
    assert all(Caller("root", frozenset({Scope.ADMIN})).may(scope) for scope in Scope)
    assert not WALL.may(Scope.ACT)


def test_a_listener_of_kind_api_may_ingest_unless_it_is_off() -> None:
    def listener(enabled: bool) -> api.Settings:
        return api.Settings(token=SecretStr("a-listeners-token"), enabled=enabled)

    listening = config().model_copy(update={"listeners": {"on": listener(True)}})
    assert api_tokens(listening).find("a-listeners-token") == Caller("on", frozenset({Scope.INGEST}))
    assert not console_tokens(listening)
    silent = config().model_copy(update={"listeners": {"off": listener(False)}})
    assert api_tokens(silent).find("a-listeners-token") is None


def test_only_tokens_that_read_open_the_console() -> None:
    found = console_tokens(
        config(tokens={"in": {"token": "x", "scopes": ["ingest"]}, "root": {"token": "y", "scopes": ["admin"]}})
    )
    assert found.find("x") is None
    assert found.find("y") is not None


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer  abc ", "abc"), ("Basic abc", None), ("Bearer", None), ("", None), (None, None)],
)
def test_the_token_of_a_header(header: str | None, token: str | None) -> None:
    assert bearer(header) == token


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.1.2.3", True), ("::1", True), ("[::1]", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("10.0.0.5", False), ("localhost.example", False), ("", False)],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("settings", "opened"),
    [
        (config(), True),
        (config("[::1]:80"), True),
        (config("0.0.0.0:80"), False),
        (config(url="https://desk.example"), False),
        (config(tokens={"wall": {"token": "x"}}), False),
    ],
)
def test_the_console_is_open_only_where_nobody_else_can_reach_it(settings: Settings, opened: bool) -> None:
    assert is_open(settings) is opened


def test_a_session_lasts_for_its_life_and_knows_the_person() -> None:
    sessions = Sessions(TOKENS, KEY)
    cookie = sessions.open("b-token", "  Ana \n Costa ", NOW)
    assert cookie is not None
    caller = sessions.check(cookie, NOW + SESSION_LIFE - timedelta(seconds=1))
    assert caller is not None
    assert caller.actor == "Ana Costa (desk)"
    assert caller.may(Scope.ACT)
    assert sessions.check(cookie, NOW + SESSION_LIFE) is None


def test_a_session_does_not_hold_the_token() -> None:
    cookie = Sessions(TOKENS, KEY).open("a-token", "", NOW)
    assert cookie is not None
    assert "a-token" not in cookie


def test_nobody_gets_a_session_without_a_token() -> None:
    assert Sessions(TOKENS, KEY).open("wrong", "", NOW) is None


def test_a_session_ends_with_its_token_and_with_the_key() -> None:
    cookie = Sessions(TOKENS, KEY).open("a-token", "", NOW)
    assert cookie is not None
    assert Sessions(Tokens([("changed", WALL)]), KEY).check(cookie, NOW) is None
    assert Sessions(Tokens([]), KEY).check(cookie, NOW) is None
    assert Sessions(TOKENS, b"o" * 32).check(cookie, NOW) is None


@given(st.integers(0, 10_000), st.characters())
def test_no_changed_cookie_is_a_session(at: int, character: str) -> None:
    sessions = Sessions(TOKENS, KEY)
    cookie = sessions.open("a-token", "Ana", NOW)
    assert cookie is not None
    at %= len(cookie)
    changed = cookie[:at] + character + cookie[at + 1 :]
    found = sessions.check(changed, NOW)
    # The last character of a base64 part carries spare bits: another one may mean the same bytes, never other ones.
    assert found is None or found == sessions.check(cookie, NOW)


@given(st.text(max_size=2000))
def test_no_text_is_a_session(cookie: str) -> None:
    assert Sessions(TOKENS, KEY).check(cookie, NOW) is None


def test_the_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    key = load_key(tmp_path / "var")
    assert len(key) == 32
    assert load_key(tmp_path / "var") == key
    assert stat.S_IMODE((tmp_path / "var" / "console.key").stat().st_mode) == 0o600
    assert [p.name for p in (tmp_path / "var").iterdir()] == ["console.key"]


def test_a_damaged_key_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "console.key").write_bytes(b"short")
    with pytest.raises(ServiceError, match="delete it"):
        load_key(tmp_path)
