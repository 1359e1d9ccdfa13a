"""`try` knows stories: copies and links join one case, and a bridge makes two cases one."""

from datetime import UTC, datetime, timedelta

from console.offline.rehearsal import rehearse
from leitstand.model import Author, Mention, Severity
from leitstand.settings import Settings
from nlp import pipeline

NOW = datetime(2026, 3, 3, 9, tzinfo=UTC)
SAID = "acme cloud is down and our whole shop has been standing still since nine"
LINK = "https://pix.example/acme"
SETTINGS = Settings.model_validate(
    {
        "watchlists": [{"name": "cloud", "query": "acme", "importance": "high"}],
        "rules": [{"name": "all", "when": {}, "then": {"case": "open", "severity": "sev2"}}],
    }
)


def posts(*said: str) -> list[Mention]:
    return [
        Mention("x", f"p{n}", words, NOW + timedelta(minutes=n), NOW, author=Author(f"a{n}"))
        for n, words in enumerate(said)
    ]


def test_copies_and_links_join_one_case() -> None:
    found = rehearse(posts(SAID, f"RT @a: {SAID}!", "acme works, thank you"), SETTINGS, pipeline.load(), NOW)
    assert [outcome.case for outcome in found.outcomes[:2]] == [1, 1]
    assert [(opened.case.number, opened.case.mention_count) for opened in found.cases][:1] == [(1, 2)]


def test_a_bridge_makes_two_cases_one() -> None:
    told = posts(SAID, f"acme is down, help! {LINK}", f"{SAID} {LINK}", f"acme again {LINK}")
    found = rehearse(told, SETTINGS, pipeline.load(), NOW)
    assert [outcome.case for outcome in found.outcomes] == [1, 1, 1, 1]
    (opened,) = found.cases
    assert opened.case.mention_count == 4
    assert opened.case.severity is Severity.SEV2
