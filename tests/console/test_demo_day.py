"""The bundled day is what its README says: enough posts, both languages, well-formed, and labelled by its own rules."""

import re
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from leitstand.model import Author, Importance, Intent, Mention, MentionKind, Sentiment, Severity
from leitstand.references import references
from leitstand.settings import Settings
from listeners.query.evaluate import matches
from listeners.query.parser import parse

DEMO = Path(__file__).resolve().parents[2] / "console" / "demo"
SIX_O_CLOCK = datetime(2025, 11, 25, 5, tzinfo=UTC)
SIXTEEN_HOURS = 16 * 3600
PARENT_ELSEWHERE = "its parent is not in the file"
NUMBER = r"\d+"
EXTERNAL_ID = {
    "x": r"\d{19}",
    "mastodon": r"\d{18}",
    "bluesky": r"at://did:plc:[a-z2-7]{24}/app\.bsky\.feed\.post/[a-z2-7]{13}",
    "reddit": r"t[13]_[0-9a-z]{7}",
    "blog": r"https://[a-z0-9.-]+\.example/[a-z0-9-]+",
    "facebook": r"\d{15}_\d{18}",
    "youtube": r"Ugx[\w-]{19}4AaABAg",
}
AUTHOR_ID = {
    "x": NUMBER,
    "mastodon": NUMBER,
    "bluesky": r"did:plc:[a-z2-7]{24}",
    "reddit": r"t2_[0-9a-z]{9}",
    "blog": r"[a-z0-9.-]+\.example",
    "facebook": NUMBER,
    "youtube": r"UC[\w-]{22}",
}
IMPACTS = [*Importance, "major"]
MATRIX = {
    3: {"low": "sev2", "normal": "sev1", "high": "sev1", "major": "sev1"},
    2: {"low": "sev3", "normal": "sev3", "high": "sev2", "major": "sev1"},
    1: {"low": "sev4", "normal": "sev4", "high": "sev3", "major": "sev2"},
    0: {"low": "sev4", "normal": "sev4", "high": "sev4", "major": "sev4"},
}


class Writer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    handle: str
    name: str
    followers: int | None = None


class Truth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    matches: bool
    watchlists: tuple[str, ...]
    language: str
    sentiment: Sentiment
    urgency: int
    intents: tuple[Intent, ...]
    needs_reply: bool
    case: str | None
    severity: Severity | None
    story: str = ""
    note: str = ""


class Post(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    channel: str
    external_id: str
    url: str
    text: str
    at: int
    kind: MentionKind
    author: Writer
    truth: Truth
    title: str = ""
    language: str = ""
    parent_id: str = ""
    conversation_id: str = ""

    @property
    def conversation(self) -> str:
        return self.conversation_id or self.external_id


@pytest.fixture(scope="module")
def day() -> list[Post]:
    return [msgspec.json.decode(line, type=Post) for line in (DEMO / "bad_tuesday.jsonl").read_bytes().splitlines()]


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The configuration with its listeners and targets reduced to what every one of them has."""
    tree = tomllib.loads((DEMO / "leitstand.toml").read_text(encoding="utf-8"))
    for table in ("listeners", "targets"):
        tree[table] = {name: {"kind": entry["kind"]} for name, entry in tree[table].items()}
    return Settings.model_validate(tree)


def is_own(post: Post, settings: Settings) -> bool:
    return f"{post.channel}:{post.author.handle}" in settings.brand.own_accounts


def severity_of(post: Post, settings: Settings) -> str:
    """The impact × urgency matrix for one post."""
    importance = {w.name: w.importance for w in settings.watchlists}
    reach = (post.author.followers or 0) >= settings.triage.reach_high
    impact = IMPACTS[max(IMPACTS.index(importance[name]) for name in post.truth.watchlists) + reach]
    return MATRIX[post.truth.urgency][impact]


Key = tuple[str, ...]


class Desk:
    """Groups the day's posts by the rules of the day: the conversation, the author on a watchlist, the story."""

    def __init__(self) -> None:
        self._held: dict[Key, str] = {}
        self._authors: dict[str, Key] = {}
        self._stories: dict[Key, str] = {}

    def take(self, post: Post, own: bool) -> str | None:
        """The case a post belongs to. The opening post's own label names a new case."""
        writer, conversation = (post.channel, post.author.id), ("conversation", post.channel, post.conversation)
        if not post.truth.watchlists:  # an answer rarely repeats the brand's name
            return self._held.get(conversation)
        author: list[Key] = [] if own else [("author", *writer, name) for name in post.truth.watchlists]
        story: list[Key] = [] if own else [("story", self._story(post))]
        by = next((key for key in [conversation, *author, *story] if key in self._held), None)
        case = self._held[by] if by else None
        if case is None and post.truth.urgency > 0 and not own:
            case = f"{post.truth.case}"
            assert case not in self._held.values(), f"a second case is labelled {case}"
            self._authors[case] = writer
            self._held |= dict.fromkeys(author, case)
        if case is None:
            return None
        self._held.setdefault(conversation, case)
        if story and (by in story or self._authors[case] == writer):
            self._held.setdefault(story[0], case)
        return case

    def _story(self, post: Post) -> str:
        """A repost or a quote tells the story of what it shares; copies are labelled."""
        shared = self._stories.get((post.channel, post.parent_id)) if post.kind in ("repost", "quote") else None
        told = post.truth.story or shared or f"{post.channel}:{post.external_id}"
        return self._stories.setdefault((post.channel, post.external_id), told)


def test_day_is_large_and_every_voice_its_own(day: list[Post]) -> None:
    copies = [post for post in day if post.kind == "repost"]
    assert len({post.text for post in day}) >= 420
    assert len({post.text for post in day if post.kind != "repost"}) == len(day) - len(copies)
    assert {"x", "mastodon", "bluesky", "blog", "reddit"} <= {post.channel for post in day}
    assert len({(post.channel, post.author.id) for post in day}) >= 300


def test_both_languages_have_their_share(day: list[Post]) -> None:
    share = Counter(post.truth.language for post in day)
    assert set(share) == {"de", "en"}
    assert min(share.values()) >= 0.4 * len(day)
    assert all(post.language in ("", post.truth.language) for post in day)


def test_day_is_in_order_and_within_its_hours(day: list[Post]) -> None:
    times = [post.at for post in day]
    assert times == sorted(times)
    assert times[0] >= 0 and times[-1] < SIXTEEN_HOURS


def test_every_post_is_identified_once(day: list[Post]) -> None:
    assert not [key for key, n in Counter((p.channel, p.external_id) for p in day).items() if n > 1]
    assert not [key for key, n in Counter(p.url for p in day).items() if n > 1]
    handles = {(p.channel, p.author.id): (p.author.handle, p.author.name, p.author.followers) for p in day}
    assert all(handles[p.channel, p.author.id] == (p.author.handle, p.author.name, p.author.followers) for p in day)


def test_fields_look_like_the_network_s(day: list[Post]) -> None:
    for post in day:
        assert re.fullmatch(EXTERNAL_ID[post.channel], post.external_id), post.external_id
        assert re.fullmatch(AUTHOR_ID[post.channel], post.author.id), post.author.id
        assert post.author.handle and post.author.name and 0 < len(post.text) <= 3000
        assert bool(post.title) == (post.kind == "article") == (post.channel == "blog")
        assert post.author.followers is None or post.author.followers >= 0
        assert post.language in ("", "de", "en")


def test_every_address_is_an_example(day: list[Post]) -> None:
    links = [link for post in day for link in (post.url, *re.findall(r"https?://\S+", post.text))]
    hosts = {urlsplit(link).hostname or "" for link in links}
    assert {host for host in hosts if not host.endswith(".example")} == set()


def test_parents_come_first_or_are_known_to_be_elsewhere(day: list[Post]) -> None:
    seen: dict[tuple[str, str], Post] = {}
    for post in day:
        if post.kind in ("reply", "comment") and post.channel != "youtube":
            assert post.parent_id
        if post.parent_id and post.truth.note != PARENT_ELSEWHERE:
            parent = seen[post.channel, post.parent_id]
            expected = post.external_id if post.kind in ("repost", "quote") else parent.conversation
            assert post.conversation == expected
        seen[post.channel, post.external_id] = post


def test_truth_follows_the_rubric(day: list[Post], settings: Settings) -> None:
    for post in day:
        truth = post.truth
        assert truth.urgency in MATRIX and truth.sentiment is not Sentiment.UNKNOWN
        assert truth.needs_reply == (truth.urgency >= 1)
        assert truth.intents and len(set(truth.intents)) == len(truth.intents)
        assert truth.matches == bool(truth.watchlists)
        assert not (truth.urgency and (is_own(post, settings) or Intent.SPAM in truth.intents))


def test_watchlists_match_what_the_truth_says(day: list[Post], settings: Settings) -> None:
    trees = [(w.name, parse(w.query)) for w in settings.watchlists]
    for post in day:
        at = SIX_O_CLOCK + timedelta(seconds=post.at)
        author = Author(post.author.id, post.author.handle, post.author.name, post.author.followers)
        mention = Mention(post.channel, post.external_id, post.text, at, at, title=post.title, author=author)
        assert tuple(name for name, tree in trees if matches(tree, mention)) == post.truth.watchlists, post.text


def test_cases_follow_the_grouping_rules(day: list[Post], settings: Settings) -> None:
    desk = Desk()
    for post in day:
        assert desk.take(post, is_own(post, settings)) == post.truth.case, post.text


def test_severities_follow_the_matrix(day: list[Post], settings: Settings) -> None:
    worst: dict[str, str] = {}
    for post in day:
        if post.truth.case and post.truth.watchlists and not is_own(post, settings):
            worst[post.truth.case] = min(worst.get(post.truth.case, "sev4"), severity_of(post, settings))
    for post in day:
        assert post.truth.severity == (worst[post.truth.case] if post.truth.case else None), post.truth.case


def test_sev1_is_rare(day: list[Post]) -> None:
    severity = {post.truth.case: post.truth.severity for post in day if post.truth.case}
    count = Counter(severity.values())
    assert 8 <= count[Severity.SEV1] <= 14
    assert 20 <= count[Severity.SEV2] <= 75


def test_the_same_author_is_back_within_the_hour(day: list[Post], settings: Settings) -> None:
    """The day holds what the grouping rules are for: repeated contact outside a conversation, and threads."""
    outside, inside = set(), set()
    last: dict[tuple[str, str], Post] = {}
    for post in day:
        before = last.get((post.channel, post.author.id))
        if post.truth.case and before and before.truth.case == post.truth.case and not is_own(post, settings):
            if post.conversation == before.conversation:
                inside.add(post.truth.case)
            elif post.at - before.at < 3600:
                outside.add(post.truth.case)
        last[post.channel, post.author.id] = post
    assert len(outside) >= 5 and len(inside) >= 10


def test_configuration_is_valid(settings: Settings) -> None:
    assert list(references(settings)) == []
    assert [w.name for w in settings.watchlists] == ["cloud", "homehub", "brand"]
