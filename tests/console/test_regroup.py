"""Cases merged and split by people: over the API and on the command line, with the story of a case."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from leitstand import clock
from leitstand.model import Assessment, Author, Intent, Mention, Sentiment, Urgency
from leitstand.settings import Settings
from listeners import store
from listeners.watchlists import Watchlists
from nlp import store as assessments
from tests.console.commanding import Leitstand
from tests.console.running import ACT, READ, Console
from tests.console.visiting import act, get
from triage import cases
from triage.policy import compile_policy
from workers import setup

SAID = "acme cloud has been down since nine and our whole shop stands still"
CASES = "/api/v1/cases"


def copies(database: Engine, config: Settings, *said: str) -> list[int]:
    """Posts by an author each, stored and triaged in one batch; their mention ids."""
    now = clock.now()
    posts = [
        Mention("x", f"p{n}", words, now, now, author=Author(f"a{n}", f"a{n}", followers=100 * n))
        for n, words in enumerate(said, 1)
    ]
    found = Assessment("en", Sentiment.NEGATIVE, -0.5, Urgency.HIGH, (Intent.OUTAGE,), True, (), "test")
    with database.begin() as connection:
        stored = store.store(connection, "ingest", posts, Watchlists(config), part="", cursor=None, now=now)
        assessments.store(connection, [(n, found) for n in stored.new_ids], now)
        items = [(m, found) for m in store.load(connection, stored.new_ids)]
        cases.process(connection, items, compile_policy(config), now)
    return stored.new_ids


def case_of(database: Engine, mention: int) -> int:
    with database.connect() as connection:
        found = connection.execute(
            text("SELECT case_number FROM case_mentions WHERE mention_id = :id"), {"id": mention}
        )
        return int(found.scalar_one())


def test_a_case_tells_its_story(console: Console) -> None:
    first, second = copies(console.database, console.settings, SAID, f"RT @a: {SAID}!")
    _, body = get(console, f"{CASES}/{case_of(console.database, first)}")
    story = body["story"]
    assert (story["posts"], story["authors"], story["reach"], story["channels"]) == (2, 2, 300, ["x"])
    assert (story["first"], story["loudest"], story["last_hour"], story["hour_before"]) == (first, second, 2, 0)


def test_a_case_of_one_post_has_no_story(console: Console) -> None:
    number = console.open_case()
    assert get(console, f"{CASES}/{number}")[1]["story"] is None


def test_cases_are_merged_and_split_over_the_api(console: Console) -> None:
    ids = copies(console.database, console.settings, SAID, "acme counts every day of february twice this year")
    stays, goes = (case_of(console.database, n) for n in ids)
    status, body = act(console, stays, "merge", {"value": str(goes), "text": "both of them"})
    assert (status, body["number"], body["mention_count"]) == (200, stays, 2)
    _, closed = get(console, f"{CASES}/{goes}")
    assert (closed["state"], closed["timeline"][-1]["kind"]) == ("closed", "merged_into")
    status, body = act(console, stays, "split", {"value": str(ids[1])})
    assert (status, body["mention_count"], body["state"]) == (200, 1, "new")
    assert [m["id"] for m in get(console, f"{CASES}/{body['number']}")[1]["mentions"]] == [ids[1]]
    assert get(console, f"{CASES}/{stays}")[1]["timeline"][-1]["kind"] == "split"


@pytest.mark.parametrize(
    ("action", "value", "status", "said"),
    [
        ("merge", "", 422, "the number of the other case"),
        ("merge", "two", 422, "the number of the other case"),
        ("merge", "itself", 422, "into itself"),
        ("merge", "999999", 404, "no case 999999"),
        ("split", "1,x", 422, "the ids of the mentions"),
        ("split", "999999", 422, "no mention 999999"),
        ("split", "9" * 30, 422, "the ids of the mentions"),
    ],
)
def test_what_cannot_be_is_refused_in_words(console: Console, action: str, value: str, status: int, said: str) -> None:
    (only,) = copies(console.database, console.settings, SAID)
    number = case_of(console.database, only)
    got, body = act(console, number, action, {"value": value.replace("itself", str(number))})
    assert got == status
    assert said in json.dumps(body)
    assert get(console, f"{CASES}/{number}")[1]["mention_count"] == 1


def test_reading_is_not_enough_to_merge(console: Console) -> None:
    assert act(console, 1, "merge", {"value": "2"}, token=READ)[0] == 403
    assert act(console, 999999, "merge", {"value": "2"}, token=ACT)[0] == 404


def test_cases_are_merged_and_split_on_the_command_line(
    leitstand: Leitstand, installation: Path, database: Engine
) -> None:
    ids = copies(database, setup.load(installation), SAID, "acme counts every day of february twice this year")
    assert leitstand("cases", "merge", 1, 2, "--text", "one thing").out == "Case 1: sev2, 2 posts.\n"
    shown = leitstand("cases", 1, "--json").rows[0]
    assert (shown["mentions"], shown["story"]) == (ids, None)
    assert leitstand("cases", "split", 1, ids[0], "--json").rows[0]["number"] == 3
    assert "one thing" in leitstand("cases", 1).out
    refused = leitstand("cases", "split", 1, ids[0])
    assert (refused.code, refused.err) == (1, f"value: case 1 has no mention {ids[0]}\n")
    with database.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM deliveries WHERE type = 'case.opened'")) == 1


def test_the_command_line_tells_the_story_of_a_case(leitstand: Leitstand, installation: Path, database: Engine) -> None:
    copies(database, setup.load(installation), SAID, f"{SAID} again", f"{SAID} and again")
    shown = leitstand("cases", 1).out
    assert "3 posts by 3 authors on x, reach 600, +3 in the last hour (+0 in the one before)" in " ".join(shown.split())
