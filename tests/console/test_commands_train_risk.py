"""`leitstand train --risk`, on the past cases of a real database."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from leitstand import clock
from leitstand.model import Urgency
from tests.console.commanding import Leitstand
from tests.triage.building import mention, one, policy, run
from triage import records
from triage.actions import act
from triage.risk import estimates
from triage.risk.model import Model

pytestmark = pytest.mark.usefixtures("installation")
HOUR = timedelta(hours=1)


def past(database: Engine, count: int) -> None:
    """So many cases of ten days ago; those of authors whom many follow were escalated within the hour."""
    opened = clock.now() - timedelta(days=10)
    items = [
        one(mention(n, followers=60_000 if n % 3 == 0 else None, words=f"thing {n * 7919} broke"), Urgency.NORMAL)
        for n in range(1, count + 1)
    ]
    cases = run(database, items, policy(), at=opened).opened
    with database.begin() as connection:
        for case in cases:
            number = case.number
            loud = records.read(connection, [number])[number].author_followers is not None
            if loud:
                act(connection, number, "escalate", actor="ann", now=opened + HOUR, policy=policy(), value="sev1")
            act(connection, number, "resolve", actor="ann", now=opened + HOUR, policy=policy())


def test_too_little_is_refused_and_nothing_changes(leitstand: Leitstand, database: Engine) -> None:
    past(database, 6)
    ended = leitstand("train", "--risk")
    assert ended.code == 1 and "Nothing was changed: too little is known: 200 cases are wanted" in ended.err
    with database.connect() as connection:
        assert estimates.in_use(connection) == Model()


def test_weights_are_fitted_told_and_used(leitstand: Leitstand, database: Engine) -> None:
    past(database, 240)
    (report,) = leitstand("train", "--risk", "--json").rows
    assert report["refused"] == "" and (report["cases"], report["escalated"]) == (240, 80)
    assert report["fitted"]["brier"] < report["starting"]["brier"]
    with database.connect() as connection:
        assert estimates.in_use(connection).weights["reach"] > 0.5
    told = leitstand("train", "--risk").out
    assert "240 cases, 80 of them escalated, judged on the last 72" in told and "how many follow the author" in told
    assert leitstand("train", "--risk", "--forget").code == 0
    with database.connect() as connection:
        assert estimates.in_use(connection) == Model()


def test_a_model_of_posts_still_needs_its_folder(leitstand: Leitstand, tmp_path: Path) -> None:
    ended = leitstand("train", "--data", tmp_path / "none.jsonl")
    assert ended.code == 2 and "name the folder that the model is written to" in ended.err
