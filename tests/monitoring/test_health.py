"""Readiness in words: what stops the work, what only slows it, and what to do."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from leitstand.database import newest_revision
from monitoring import slots
from monitoring.health import Facts, Part, judge, look

ALL = {"listen": 1, "work": 2, "deliver": 1, "sweep": 1, "serve": 1}
GOOD = Facts("", "0001", "0001", "", ALL, 10_000_000_000)


def part(facts: Facts, name: str) -> Part:
    return next(part for part in judge(facts) if part.name == name)


def test_all_is_well() -> None:
    assert [(p.name, p.state) for p in judge(GOOD)] == [
        ("database", "well"),
        ("schema", "well"),
        ("redis", "well"),
        ("roles", "well"),
        ("disk", "well"),
    ]
    assert "2 work" in part(GOOD, "roles").detail


def test_a_schema_of_a_newer_version_is_not_to_be_upgraded() -> None:
    schema = part(replace(GOOD, revision="9999"), "schema")
    assert not schema.ready and "of a newer version" in schema.detail and "upgrade" not in schema.detail


@pytest.mark.parametrize("revision", [None, "0000"])
def test_an_old_schema_stops_the_work_and_names_the_command(revision: str | None) -> None:
    schema = part(replace(GOOD, revision=revision), "schema")
    assert not schema.ready and "leitstand db upgrade" in schema.detail


def test_without_redis_posts_are_still_taken() -> None:
    redis = part(replace(GOOD, redis_error="refused"), "redis")
    assert redis.ready and redis.state == "impaired" and "refused" in redis.detail


def test_a_role_that_is_gone_is_missed_and_one_that_never_ran_here_is_not() -> None:
    gone = part(replace(GOOD, processes={**ALL, "work": 0}), "roles")
    assert (gone.state, gone.ready) == (
        "impaired",
        True,
    ) and "not running: work; running: 1 listen, 1 deliver" in gone.detail
    assert "0 work" not in gone.detail
    assert part(replace(GOOD, processes={"work": 0}), "roles").detail == "not running: work; running: none"
    elsewhere = part(replace(GOOD, processes={"serve": 1}), "roles")
    assert elsewhere.state == "well" and "not on this host: work, deliver, sweep" in elsewhere.detail
    assert "leitstand run" in part(replace(GOOD, processes={}), "roles").detail


def test_a_disk_without_room_is_told_before_posts_are_refused() -> None:
    disk = part(replace(GOOD, free=199_000_000), "disk")
    assert (disk.state, disk.ready) == ("impaired", True)
    assert "0.2 GB free" in disk.detail and "make room" in disk.detail


def test_a_real_house_is_looked_at(database: Engine, tmp_path: Path) -> None:
    slots.claim(tmp_path, "serve")
    assert all(p.state == "well" for p in judge(look(database, lambda: "", tmp_path))[:4])
    with database.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'old'"))
    facts = look(database, lambda: "", tmp_path)
    assert (facts.revision, facts.needed_revision) == ("old", newest_revision())


def test_a_house_that_never_ran_has_a_disk_too(database: Engine, tmp_path: Path) -> None:
    assert look(database, lambda: "", tmp_path / "not" / "yet" / "metrics").free > 0


def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    away = create_engine(f"postgresql+psycopg://nobody:hunter2@/none?host={tmp_path}")
    parts = judge(look(away, lambda: "", tmp_path))
    assert [p.ready for p in parts[:2]] == [False, False]
    assert "hunter2" not in str(parts)
