"""Builders for the triage tests: short ways to say a mention, an assessment, a policy, and to store mentions."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

from leitstand.model import (
    Assessment,
    Author,
    CaseState,
    Intent,
    MatchedMention,
    Mention,
    Reason,
    Sentiment,
    Severity,
    Urgency,
)
from leitstand.settings import Settings
from triage.cases import Outcome, process
from triage.decide import Item
from triage.policy import Policy, compile_policy
from triage.records import CaseRecord
from triage.snapshot import snapshot

NOW = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)

SETTINGS = {
    "server": {"url": "https://desk.example"},
    "watchlists": [
        {"name": "cloud", "query": "acme", "importance": "high", "team": "cloud-support"},
        {"name": "brand", "query": "acme", "importance": "normal"},
        {"name": "jobs", "query": "acme", "importance": "low", "languages": ["de"]},
    ],
    "targets": {"sev1-group": {"kind": "log"}, "desk": {"kind": "log"}, "manager": {"kind": "log"}},
    "teams": {"cloud-support": {"forward": ["desk"], "escalation": "late"}},
    "escalation": {
        "sev1": {"steps": [{"notify": "sev1-group"}, {"after": "10m", "notify": "manager"}]},
        "late": {"steps": [{"notify": "manager"}]},
    },
}


def policy(**changes: object) -> Policy:
    """The policy of SETTINGS with some sections replaced."""
    return compile_policy(Settings.model_validate({**SETTINGS, **changes}))


RECORD = CaseRecord(
    number=1, state=CaseState.NEW, severity=Severity.SEV1, team="t", channel="x", title="", text="", url="",
    language="en", sentiment=Sentiment.NEGATIVE, urgency=Urgency.CRITICAL, intents=(), watchlists=(), author_id="",
    author_handle="", author_name="", author_followers=None, reasons=(), mention_count=1, posted_at=NOW,
    opened_at=NOW, updated_at=NOW,
)  # fmt: skip
CASE = snapshot(RECORD, [], policy(), NOW)


def mention(
    number: int,
    *,
    author: str = "",
    minutes: float = 0,
    root: str = "",
    parent: str = "",
    watchlists: tuple[str, ...] = ("cloud",),
    own: bool = False,
    words: str = "acme cloud is down",
    channel: str = "x",
    followers: int | None = None,
) -> MatchedMention:
    """Mention `number`, written `minutes` after NOW (before it, if negative), by its own author unless one is given."""
    at = NOW + timedelta(minutes=minutes)
    who = Author(author or f"author{number}", author or f"author{number}", followers=followers)
    written = Mention(
        channel, f"post{number}", words, at, at, "https://x.example/1",
        author=who, parent_id=parent, conversation_id=root,
    )  # fmt: skip
    return MatchedMention(number, "blogs", watchlists, own, written)


def assessment(urgency: Urgency = Urgency.HIGH, *intents: Intent, language: str = "en") -> Assessment:
    """What nlp would say of a post as urgent as that."""
    reasons = (Reason("urgency", "blocked_now", 14, 18, 2.0),) if urgency else ()
    return Assessment(
        language, Sentiment.NEGATIVE, -0.5, urgency, intents or (Intent.COMPLAINT,), urgency > 0, reasons, "test"
    )


def store(connection: Connection, items: list[Item]) -> None:
    """The mentions' rows, as the listeners leave them."""
    connection.execute(
        text("""
            INSERT INTO mentions (id, channel, external_id, listener, watchlists, own, url, title, text, language, kind,
              author_id, author_handle, author_name, parent_id, conversation_id, links, media, created_at, received_at)
            VALUES (:id, :channel, :external_id, 'blogs', :watchlists, :own, '', '', :text, '', :kind,
              :author, :author, '', :parent, :root, '{}', 0, :at, :at)
        """),
        [
            {
                "id": i.id, "channel": i.mention.channel, "external_id": i.mention.external_id, "own": i.own,
                "watchlists": list(i.watchlists), "text": i.mention.text, "author": i.mention.author.handle,
                "kind": i.mention.kind, "at": i.mention.created_at,
                "parent": i.mention.parent_id, "root": i.mention.conversation_id,
            }
            for i, _ in items
        ],
    )  # fmt: skip


def run(database: Engine, items: list[Item], rules: Policy | None = None, *, at: datetime = NOW) -> Outcome:
    """Store and process a batch in one transaction."""
    with database.begin() as connection:
        store(connection, items)
        return process(connection, items, rules or policy(), at)


def one(item: MatchedMention, urgency: Urgency = Urgency.HIGH, *intents: Intent) -> Item:
    """A mention with its assessment."""
    return item, assessment(urgency, *intents)
