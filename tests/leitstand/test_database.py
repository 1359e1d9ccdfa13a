"""The schema: migrated once, recognised when it is old, and as strict as the promises need."""

import os
import re
import select
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import Connection, Engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from leitstand import database as db
from leitstand.errors import OutdatedError, ServiceError


def test_a_fresh_database_is_current(database: Engine) -> None:
    db.require_current(database)
    with database.connect() as connection:
        assert db.revision(connection) == db.newest_revision()


def test_what_was_to_be_stored_is_in_no_error(database: Engine) -> None:
    with pytest.raises(DBAPIError) as failed, database.connect() as connection:
        connection.execute(text("SELECT CAST(:words AS integer) FROM no_such_table"), {"words": "what somebody wrote"})
    assert "what somebody wrote" not in str(failed.value)


def test_an_old_database_says_what_to_do(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(ServiceError, match="leitstand db upgrade"):
        db.require_current(database)


def test_a_database_of_a_newer_version_is_left_alone(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (db.require_current, db.upgrade):
        with pytest.raises(OutdatedError, match="revision 9999 is of a newer version of Leitstand") as caught:
            attempt(database)
        assert "db upgrade" not in str(caught.value)


def test_a_database_that_only_reads_is_no_place_to_start(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(
            text("ALTER DATABASE " + str(database.url.database) + " SET default_transaction_read_only = on")
        )
    database.dispose()
    with pytest.raises(ServiceError, match="name the primary"):
        db.require_current(database)


@contextmanager
def read_only(database: Engine) -> Iterator[Connection]:
    """A transaction on a connection to a server that can only be read by now, as all of the pool are: it must fail."""
    with ExitStack() as open_:
        for connection in [open_.enter_context(database.connect()) for _ in range(2)]:
            connection.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))
            connection.commit()
    with pytest.raises(OperationalError, match="read-only transaction"), database.begin() as connection:
        yield connection


def test_a_server_that_can_only_be_read_by_now_is_left_for_another(database: Engine) -> None:
    """As where another one has become the primary: a connection that still stands would fail for ever."""
    with read_only(database) as connection:
        connection.execute(text("CREATE TABLE kept (name text)"))
    with database.begin() as connection:
        connection.execute(text("CREATE TABLE kept (name text)"))


def test_whoever_was_ended_for_standing_still_may_try_again(database: Engine) -> None:
    with pytest.raises(OperationalError), database.begin() as connection:
        connection.execute(text("SET idle_in_transaction_session_timeout = '1ms'"))
        number = connection.scalar(text("SELECT pg_backend_pid()"))
        with database.connect() as other:
            other.execution_options(isolation_level="AUTOCOMMIT")
            while other.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid"), {"pid": number}):
                pass
        connection.execute(text("SELECT 1"))
    with database.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_roles_that_migrate_at_once_migrate_once(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    begun: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        begun.extend(re.findall("CREATE TABLE alembic_version", statement))

    event.listen(database, "before_cursor_execute", note)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(db.upgrade, [database] * 4))
    db.require_current(database)
    assert len(begun) == 1


def test_a_malformed_url_is_explained_without_its_password() -> None:
    with pytest.raises(ServiceError) as caught:
        db.engine("not a url: hunter2")
    assert "postgresql://" in str(caught.value) and "hunter2" not in str(caught.value)


@contextmanager
def _by_tcp(url: str, query: dict[str, str]) -> Iterator[str]:
    """The URL of the same database over TCP: one connection is handed on to its socket."""
    parsed = make_url(url)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hand_on() -> None:
            with server.accept()[0] as ours, socket.socket(socket.AF_UNIX) as theirs:
                theirs.connect(f"{parsed.query['host']}/.s.PGSQL.5432")
                ways = {ours: theirs, theirs: ours}
                while True:
                    for one in select.select([*ways], [], [])[0]:
                        if not (words := one.recv(65536)):
                            return
                        ways[one].sendall(words)

        handing = threading.Thread(target=hand_on)
        handing.start()
        own = parsed.set(host="127.0.0.1", port=server.getsockname()[1], query=query)
        yield own.render_as_string(hide_password=False)
        handing.join(60)


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux")
@pytest.mark.parametrize(("said", "expected"), [({}, 20_000), ({"tcp_user_timeout": "7000"}, 7000)])
def test_a_server_that_is_gone_without_a_word_is_noticed(
    database_url_of_test: str, said: dict[str, str], expected: int
) -> None:
    with _by_tcp(database_url_of_test, said) as url:
        engine = db.engine(url, pool_size=1)
        with engine.connect() as connection:
            descriptor = connection.connection.dbapi_connection.fileno()  # type: ignore[union-attr]
            with socket.socket(fileno=os.dup(descriptor)) as seen:
                assert seen.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == expected
                assert seen.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
                assert seen.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
        engine.dispose()


OPEN_CASE = text(
    "INSERT INTO cases (state, severity, team, channel, title, text, url, language, sentiment, urgency, intents,"
    " watchlists, author_id, author_handle, author_name, reasons, mention_count, posted_at, opened_at, updated_at)"
    " VALUES ('new','sev1','t','x','t','t','','en','negative',3,'{}','{}','','','','[]',1,now(),now(),now())"
    " RETURNING number"
)


def test_two_open_cases_cannot_hold_one_key(database: Engine) -> None:
    add = text("INSERT INTO case_keys (key, case_number, last_at, held) VALUES ('k', :number, now(), :held)")
    with database.begin() as connection:
        first, second = (connection.execute(OPEN_CASE).scalar_one() for _ in range(2))
        connection.execute(add, {"number": first, "held": True})
        connection.execute(add, {"number": second, "held": False})
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(add, {"number": second, "held": True})


def test_postgresql_does_not_look_into_what_nobody_asks_by(database: Engine) -> None:
    with database.begin() as connection:
        for _ in range(20):
            connection.execute(OPEN_CASE)
        connection.execute(text("UPDATE cases SET state = 'closed' WHERE number % 2 = 0"))
        connection.execute(text("ANALYZE cases"))
        known = set(
            connection.execute(text("SELECT tablename, attname FROM pg_stats WHERE schemaname = 'public'")).all()
        )
    assert {("cases", name) for name in ("number", "state", "severity", "updated_at", "watchlists")} <= known
    assert known.isdisjoint({("cases", name) for name in ("title", "text", "reasons", "sla")})
    assert not any(table == "cases_words" for table, _ in known), "the words of solved cases are not taken apart for it"


def test_the_timeline_cannot_be_rewritten(database: Engine) -> None:
    with database.begin() as connection:
        number = connection.execute(OPEN_CASE).scalar_one()
        connection.execute(
            text(
                "INSERT INTO case_events (case_number, at, kind, actor, text, data) "
                " VALUES (:n, now(), 'a', '', '', '{}')"
            ),
            {"n": number},
        )
    with pytest.raises(DBAPIError, match="append-only"), database.begin() as connection:
        connection.execute(text("UPDATE case_events SET text = 'other'"))


MENTION = text(
    "INSERT INTO mentions (channel, external_id, listener, watchlists, own, url, title, text, language, kind,"
    " author_id, author_handle, author_name, parent_id, conversation_id, links, media, created_at, received_at)"
    " VALUES ('x', :name, 'l', '{}', false, '', '', '', '', 'post', '', '', '', '', '', '{}', 0, now(), now())"
    " RETURNING id"
)
THEIRS = {
    "pending_mentions": "INSERT INTO pending_mentions (mention_id, enqueued_at) VALUES (:post, now())",
    "assessments": "INSERT INTO assessments (mention_id, language, sentiment, sentiment_score, urgency, intents,"
    " needs_reply, reasons, model, assessed_at) VALUES (:post, 'en', 'neutral', 0, 0, '{}', false, '[]', 'm', now())",
    "story_posts": "INSERT INTO story_posts (mention_id, story, written_at, language, why)"
    " VALUES (:post, :post, now(), 'en', '')",
    "case_mentions": "INSERT INTO case_mentions (mention_id, case_number, joined_at) VALUES (:post, :case, now())",
    "case_keys": "INSERT INTO case_keys (key, case_number, last_at) VALUES ('k' || :case, :case, now())",
    "case_events": "INSERT INTO case_events (case_number, at, kind, actor, text, data)"
    " VALUES (:case, now(), 'a', '', '', '{}')",
    "sla_clocks": "INSERT INTO sla_clocks (case_number, name, state, started_at, budget, due_at, fire_at,"
    " warnings_left, policy, calendar, paused) VALUES (:case, 'resolution', 'running', now(), '1h', now(), now(), '{}',"
    " 'p', 'always', '0')",
}
OF_A_POST = ("pending_mentions", "assessments", "story_posts", "case_mentions")
OF_A_CASE = ("case_mentions", "case_keys", "case_events", "sla_clocks")


def _count(connection: Connection, tables: Iterable[str]) -> list[int]:
    return [connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]


def test_what_belongs_to_a_post_or_a_case_goes_with_it(database: Engine) -> None:
    with database.begin() as connection:
        posts = [connection.scalar(MENTION, {"name": name}) for name in "ab"]
        cases = [connection.scalar(OPEN_CASE) for _ in "ab"]
        for post, case in zip(posts, cases, strict=True):
            for insert in THEIRS.values():
                connection.execute(text(insert), {"post": post, "case": case})
    with database.begin() as connection:
        connection.execute(text("DELETE FROM mentions WHERE id = :id"), {"id": posts[0]})
        assert _count(connection, OF_A_POST) == [1, 1, 1, 1]
        connection.execute(text("DELETE FROM cases WHERE number = :number"), {"number": cases[1]})
        assert _count(connection, OF_A_CASE) == [0, 1, 1, 1]


def test_what_is_wrong_is_said_in_postgresql_s_words_on_one_line(database: Engine) -> None:
    with pytest.raises(DBAPIError) as failed, database.connect() as connection:
        connection.execute(text("SELECT 1 FROM no_such_table"))
    said = db.in_words(failed.value)
    assert said == 'PostgreSQL cannot be used: relation "no_such_table" does not exist; `leitstand check` says more'


@pytest.fixture
def pooled(database: Engine) -> Iterator[Engine]:
    """An engine as the roles have it, with two connections at rest."""
    engine = db.engine(database.url.render_as_string(hide_password=False), pool_size=2)
    _backends(engine)
    yield engine
    engine.dispose()


def _backends(engine: Engine) -> set[int]:
    with engine.connect() as one, engine.connect() as other:
        return {int(connection.scalar(text("SELECT pg_backend_pid()")) or 0) for connection in (one, other)}


def test_connections_that_the_server_has_ended_are_replaced(database: Engine, pooled: Engine) -> None:
    ended = _backends(pooled)
    with database.connect() as connection:
        for pid in ended:
            assert connection.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    assert len(_backends(pooled)) == 2 and _backends(pooled).isdisjoint(ended)


def test_whoever_stands_still_in_a_transaction_does_not_hold_its_rows_for_ever(database: Engine) -> None:
    ours = db.engine(database.url.render_as_string(hide_password=False))
    with ours.connect() as connection:
        told = [connection.scalar(text(f"SHOW {name}")) for name in ("idle_in_transaction_session_timeout", "timezone")]
    ours.dispose()
    assert told == ["3min", "UTC"]
