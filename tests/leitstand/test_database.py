"""The schema: migrated once, recognised when it is old, and as strict as the promises need."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from leitstand import database as db
from leitstand.errors import ServiceError


def test_a_fresh_database_is_current(database: Engine) -> None:
    db.require_current(database)
    with database.connect() as connection:
        assert db.revision(connection) == db.newest_revision()


def test_an_old_database_says_what_to_do(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(ServiceError, match="leitstand db upgrade"):
        db.require_current(database)


def test_roles_that_migrate_at_once_migrate_once(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(db.upgrade, [database] * 4))
    db.require_current(database)


def test_a_malformed_url_is_explained_without_its_password() -> None:
    with pytest.raises(ServiceError) as caught:
        db.engine("not a url: hunter2")
    assert "postgresql://" in str(caught.value) and "hunter2" not in str(caught.value)


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
