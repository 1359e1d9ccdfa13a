"""A role makes way for a newer version of Leitstand: real PostgreSQL, whose schema another version brings forward."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, event, text

from leitstand import database as leitstand_database
from leitstand.errors import OutdatedError
from workers import succession

LIMIT = 60.0


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(succession, "EVERY", 0.01)


def _upgraded(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))


def _looks(engine: Engine) -> Callable[[int], bool]:
    """Waits until the schema was looked at so many times."""
    looked, seen = threading.Condition(), list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "version_num FROM" in statement:
            with looked:
                seen.append(statement)
                looked.notify()

    event.listen(engine, "after_cursor_execute", note)

    def wait(count: int) -> bool:
        with looked:
            return looked.wait_for(lambda: len(seen) >= count, LIMIT)

    return wait


def test_a_role_is_told_to_end_once_and_says_why(database: Engine) -> None:
    ended, calls = threading.Event(), list[bool]()

    def end() -> None:
        calls.append(True)
        ended.set()

    with (
        pytest.raises(OutdatedError, match=r"was upgraded: revision 9999 is of a newer version.*start the newer one"),
        succession.current(database, end),
    ):
        assert not ended.is_set()
        _upgraded(database)
        assert ended.wait(LIMIT)
    assert calls == [True]


def test_a_role_goes_on_while_the_schema_is_its_own(database: Engine) -> None:
    looked, calls = _looks(database), list[bool]()
    with succession.current(database, lambda: calls.append(True)):
        assert looked(5)
    assert calls == []


def test_a_fault_that_nobody_foresaw_does_not_end_the_looking(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, faults = succession._newer, [KeyError("unforeseen")]

    def shaky(engine: Engine) -> str | None:
        if faults:
            raise faults.pop()
        return looked(engine)

    monkeypatch.setattr(succession, "_newer", shaky)
    _upgraded(database)
    ended = threading.Event()
    with pytest.raises(OutdatedError), succession.current(database, ended.set):
        assert ended.wait(LIMIT)


def test_a_database_that_is_away_ends_nobody_and_is_asked_again() -> None:
    away = leitstand_database.engine("postgresql://nobody@127.0.0.1:1/nothing", pool_size=1)
    tried, calls = threading.Semaphore(0), list[bool]()
    event.listen(away, "do_connect", lambda *_: tried.release())
    with succession.current(away, lambda: calls.append(True)):
        assert all(tried.acquire(timeout=LIMIT) for _ in range(3))
    assert calls == []
    away.dispose()
