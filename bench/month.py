"""A made-up month of a command center: seeded, with a daily and weekly rhythm, people who act, and deadlines that fire.

    each step: posts are triaged ─► the desk acts ─► the sweep fires what is due

Everything goes through the daemon's own functions on a real PostgreSQL; only the words of the posts, and what nlp would
have said of them, are dice. What must hold meanwhile: `bench.invariants`.
"""

import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, text

from bench.invariants import broken, unexplained
from bench.report import Figure
from leitstand import database
from leitstand.errors import StateError
from leitstand.model import Assessment, Author, Intent, MatchedMention, Mention, Notice, Sentiment, Urgency
from leitstand.settings import Settings
from triage.actions import act
from triage.cases import process
from triage.decide import Item
from triage.firing import fire_due
from triage.policy import Policy, compile_policy
from triage.runs import advancing
from workers.embedded import embedded_services

FIRST = datetime(2026, 3, 1, tzinfo=UTC)  # summer time begins on the 29th
DAYS, POSTS = 31, 200_000
DAY = timedelta(days=1)
_HOURS = [1, 1, 1, 1, 1, 2, 4, 7, 10, 11, 11, 10, 9, 10, 11, 11, 10, 9, 8, 7, 6, 5, 3, 2]
_WORDS = """
  shop login app invoice cloud server order parcel night train ticket support hotline answer morning update
  error page photo upload video sound battery charger router signal contract price rise refund voucher branch
  window queue coffee garden winter sensor lamp heating kettle blind remote camera door alarm bell engine tyre
  light bridge ferry harbour storm river valley forest castle market square tower museum lesson school exam
  letter stamp office printer paper
"""

SETTINGS = {
    "brand": {"own_accounts": ["x:acme"]},
    "watchlists": [
        {"name": "cloud", "query": "acme", "importance": "high", "team": "support"},
        {"name": "brand", "query": "acme", "importance": "normal"},
    ],
    "targets": {name: {"kind": "log"} for name in ("group", "desk", "manager", "billing")},
    "teams": {"support": {"forward": ["desk"], "escalation": "late"}},
    "customers": {"gold": {"accounts": [f"author{n}" for n in range(0, 400, 9)], "contract": True}},
    "calendars": {
        "office": {
            "timezone": "Europe/Berlin", "hours": {"mon-fri": ["08:00-12:00", "13:00-18:00"]}, "holidays": "DE-BY",
            "exceptions": {"2026-03-14": ["09:00-12:00"]},
        },
        "long": {"timezone": "Europe/Berlin", "hours": {"mon-sun": ["06:00-22:00"]}},
    },
    "sla": [
        {
            "first_response": "4h", "next_response": "2h", "resolution": "2d", "forward_accepted": "3h",
            "calendar": "office",
        },
        {"severity": ["sev1"], "acknowledge": "5m", "first_response": "15m", "resolution": "4h"},
        {"severity": ["sev2"], "acknowledge": "30m", "first_response": "1h", "resolution": "12h", "calendar": "long"},
        {"tiers": ["gold"], "channels": ["x"], "acknowledge": "10m", "first_response": "30m", "next_response": "30m"},
    ],
    "rules": [
        {"name": "danger", "when": {"intents": ["safety"]}, "then": {"severity": "sev1", "tags": ["danger"]}},
        {"name": "again", "when": {"cases_at_least": 3}, "then": {"tags": ["again"], "policy": "late"}},
        {"name": "rumour", "when": {"confidence_below": 0.2}, "then": {"case": "hold", "reason": "unsure"}},
    ],
    "escalation": {
        "sev1": {"steps": [{"notify": "group"}, {"after": "10m", "notify": "manager"}], "repeat": 1},
        "late": {"steps": [{"notify": "manager"}]},
    },
    "triage": {"review_below": 0.1, "timezone": "Europe/Berlin"},
}  # fmt: skip


@dataclass
class Month:
    """The month so far. `open_roots` are conversations that people still answer in."""

    engine: Engine
    posts: int
    step: timedelta = timedelta(hours=1)
    seed: int = 7
    policy: Policy = field(default_factory=lambda: compile_policy(Settings.model_validate(SETTINGS)))
    now: datetime = FIRST
    written: int = 0
    told: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    acted: Counter[str] = field(default_factory=Counter)
    roots: list[Mention] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        total = sum(self._rhythm(FIRST + n * self.step) for n in range(int(DAYS * DAY / self.step)))
        self._scale = self.posts / total

    def days(self) -> Iterator[datetime]:
        """Live through the month; yields at each midnight, everything due being fired."""
        due = 0.0
        while self.now < FIRST + DAYS * DAY:
            begins, self.now = self.now, self.now + self.step
            due += self._rhythm(begins) * self._scale
            count, due = int(due), due - int(due)
            with self.engine.begin() as connection:
                self._hear(connection, begins, count)
            self._desk()
            self._sweep()
            if self.now.time() == FIRST.time():
                yield self.now

    def _rhythm(self, at: datetime) -> float:
        return _HOURS[at.hour] * (0.5 if at.weekday() >= 5 else 1.0)

    def _hear(self, connection: Connection, begins: datetime, count: int) -> None:
        for first in range(0, count, 200):
            items = [self._item(begins) for _ in range(min(200, count - first))]
            _store(connection, items)
            self._tell(process(connection, items, self.policy, self.now).notices)

    def _item(self, begins: datetime) -> Item:
        self.written += 1
        number, dice = self.written, self.dice
        at = begins + self.step * dice.random()
        channel = dice.choice(("x", "x", "mastodon", "blog"))
        asked = dice.choice(self.roots[-400:]) if self.roots and dice.random() < 0.35 else None
        copied = dice.choice(self.roots[-200:]) if self.roots and asked is None and dice.random() < 0.05 else None
        own = asked is not None and dice.random() < 0.3
        who = (
            "acme" if own else asked.author.handle if asked and dice.random() < 0.6 else f"author{dice.randrange(4000)}"
        )
        words = copied.text if copied else " ".join(["acme", *dice.choices(_WORDS.split(), k=dice.randint(8, 25))])
        root = (asked.conversation_id or asked.external_id) if asked else ""
        mention = Mention(
            asked.channel if asked else channel, f"p{number}", words, at, self.now, kind="reply" if asked else "post",
            author=Author(who, who, followers=dice.choice((None, 20, 900, 300_000))),
            parent_id=asked.external_id if asked else "", conversation_id=root,
        )  # fmt: skip
        if not own:
            self.roots.append(mention)
        watchlists = ("cloud", "brand") if dice.random() < 0.3 else (dice.choice(("cloud", "brand")),)
        return MatchedMention(number, "month", watchlists, own, mention), self._assessment()

    def _assessment(self) -> Assessment:
        dice = self.dice
        urgency = dice.choices(list(Urgency), [80, 12, 6, 2])[0]
        intents = (dice.choices((Intent.COMPLAINT, Intent.QUESTION, Intent.SAFETY), [10, 6, 0.2])[0],)
        needs = urgency > 0 or dice.random() < 0.3
        confidence = dice.choice((0.05, 0.15)) if dice.random() < 0.03 else 0.9
        return Assessment("en", Sentiment.NEGATIVE, -0.3, urgency, intents, needs, (), "dice", confidence)

    def _desk(self) -> None:
        """People look at some of the open cases, and at a few that are over."""
        with self.engine.connect() as connection:
            live = connection.execute(
                text("SELECT number, state, review <> '' AS held FROM cases WHERE state IN ('new', 'open', 'waiting')")
            ).all()
            over = connection.scalars(
                text("SELECT number FROM cases WHERE state = 'resolved' ORDER BY number DESC LIMIT 50")
            ).all()
        chosen = self.dice.sample(
            sorted(live), math.ceil(len(live) * min(0.12 * (self.step / timedelta(hours=1)), 0.5))
        )
        for number, state, held in chosen:
            self._act(number, "approve" if held else self._habit(state))
        for number in over:
            if self.dice.random() < 0.01:
                self._act(number, self.dice.choice(("reopen", "close")))

    def _habit(self, state: str) -> str:
        habits = _HABITS[state]
        return self.dice.choices(list(habits), list(habits.values()))[0]

    def _act(self, number: int, action: str) -> None:
        action, _, value = action.partition(":")
        words = "a word" if action in ("reply", "note") else ""
        try:
            with self.engine.begin() as connection:
                acted = act(
                    connection, number, action, actor="eve", now=self.now, policy=self.policy, text=words, value=value
                )
        except StateError:
            return  # somebody else's post or action was faster
        self.acted[action] += acted.changed
        self._tell(acted.notices)

    def _sweep(self) -> None:
        while True:
            with self.engine.begin() as connection:
                fired = fire_due(connection, self.policy, self.now)
                steps = advancing.advance_due(connection, self.policy, self.now)
            self._tell((*fired.notices, *steps.notices))
            if not fired.claimed and not steps.delays:
                return

    def _tell(self, notices: Sequence[Notice]) -> None:
        """A notice that is told twice has one key: the outbox keeps one of them, but somebody has asked for both."""
        for notice in notices:
            key = notice.target, notice.case.number, notice.purpose
            self.told[key] += 1
            if self.told[key] > 1:
                sys.stderr.write(f"  told twice at {self.now}: {key}: {notice.reason}\n")


# What people do with a case in each state, and how often.
_HABITS: dict[str, dict[str, float]] = {
    "new": {
        "acknowledge": 6, "reply": 8, "assign:bob": 2, "escalate": 0.5, "label:vip": 1, "close": 1,
        "withdraw:deleted": 0.3,
    },
    "open": {
        "reply": 4, "pause:author": 3, "pause:department": 1, "pause:hold": 1, "forward:billing": 2, "accept": 2,
        "resolve": 9, "close": 1, "label:-vip": 1, "assign:": 0.5, "escalate": 0.3, "note": 1, "withdraw:blocked": 0.2,
    },
    "waiting": {
        "resume": 4, "resolve": 4, "accept": 2, "pause:hold": 1, "pause:department": 1, "reply": 2, "close": 1,
    },
}  # fmt: skip


def _store(connection: Connection, items: Sequence[Item]) -> None:
    """The posts' rows, as the listeners leave them."""
    rows = [
        {
            "id": i.id, "channel": i.mention.channel, "external_id": i.mention.external_id, "own": i.own,
            "watchlists": i.watchlists, "text": i.mention.text, "author": i.mention.author.handle,
            "parent": i.mention.parent_id, "root": i.mention.conversation_id, "at": i.mention.created_at,
        }
        for i, _ in items
    ]  # fmt: skip
    connection.execute(
        text("""
            INSERT INTO mentions (id, channel, external_id, listener, watchlists, own, url, title, text, language, kind,
              author_id, author_handle, author_name, parent_id, conversation_id, links, media, created_at, received_at)
            SELECT id, channel, external_id, 'month', watchlists, own, '', '', text, '', 'post', author, author, '',
              parent, root, '{}', 0, at, at
            FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id bigint, channel text, external_id text,
              watchlists text[], own boolean, text text, author text, parent text, root text, at timestamptz)
        """),
        {"rows": msgspec.json.encode(rows).decode()},
    )


def _say(midnight: datetime, posts: int, cases: int, seconds: float, found: Sequence[str]) -> None:
    """A line a day, and what was broken at its end."""
    sys.stderr.write(f"until {midnight:%d %B}: {posts:,} posts, {cases:,} cases, {seconds:,.0f} s\n")
    for line in found:
        sys.stderr.write(f"  {line}\n")


def measure() -> list[Figure]:
    """The full month: what is broken after any of its days."""
    started, wrong, cases = time.perf_counter(), [], 0
    with tempfile.TemporaryDirectory() as folder, embedded_services(Path(folder), redis=False) as services:
        engine = database.engine(services.database_url, pool_size=2)
        database.upgrade(engine)
        with engine.begin() as connection:  # nothing of this is to survive a power cut
            connection.execute(text(f"ALTER DATABASE {engine.url.database} SET synchronous_commit = off"))
        engine.dispose()
        month = Month(engine, POSTS, timedelta(minutes=20))
        for midnight in month.days():
            with engine.connect() as connection:
                found = broken(connection, midnight) + unexplained(connection, midnight - DAY)
                cases = connection.scalar(text("SELECT count(*) FROM cases")) or 0
            wrong += found
            _say(midnight, month.written, cases, time.perf_counter() - started, found)
        engine.dispose()
    twice = sum(times > 1 for times in month.told.values())
    acted, took, computed = month.acted.total(), time.perf_counter() - started, time.process_time()
    return [
        Figure(
            f"a simulated month: {month.written:,} posts, {cases:,} cases, {acted:,} acts, {len(month.told):,} notices",
            f"{len(wrong)} promises broken, {twice} notices twice ({took:,.0f} s, {computed:,.0f} s of them computing)",
            "0 and 0",
        )
    ]
