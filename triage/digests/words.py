"""A digest as a letter, in English or German: plain text, and HTML for mail. Pure."""

from datetime import datetime
from html import escape
from typing import Literal
from zoneinfo import ZoneInfo

from leitstand.model import (
    Author,
    CaseSnapshot,
    CaseState,
    Letter,
    Notice,
    NoticeType,
    Sentiment,
    Severity,
    TrafficLight,
    Urgency,
)
from triage.digests.digest import Count, Digest, Quote, Topic

Language = Literal["en", "de"]

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "subject": "{title}, {starts} to {ends}: {posts} posts ({trend}), {cases} cases",
        "posts": "Posts: {now} ({trend}; {before} the week before)",
        "cases": "Cases: {now} ({trend}; {before} the week before), {solved} of them solved",
        "mood": "{negative} posts are negative, {positive} positive",
        "topics": "By topic",
        "watchlist": "{name}: {posts} posts ({posts_trend}), {cases} cases ({cases_trend})",
        "tag": "tagged {name}: {posts} posts ({posts_trend}), {cases} cases ({cases_trend})",
        "quotes": "What people said",
        "nobody": "Nobody said anything that would be worth quoting.",
        "new": "new",
        "same": "as before",
        "none": "none",
        "date": "%d %b",
    },
    "de": {
        "subject": "{title}, {starts} bis {ends}: {posts} Beiträge ({trend}), {cases} Fälle",
        "posts": "Beiträge: {now} ({trend}; {before} in der Woche davor)",
        "cases": "Fälle: {now} ({trend}; {before} in der Woche davor), davon {solved} gelöst",
        "mood": "{negative} Beiträge sind negativ, {positive} positiv",
        "topics": "Nach Thema",
        "watchlist": "{name}: {posts} Beiträge ({posts_trend}), {cases} Fälle ({cases_trend})",
        "tag": "Schlagwort {name}: {posts} Beiträge ({posts_trend}), {cases} Fälle ({cases_trend})",
        "quotes": "Was gesagt wurde",
        "nobody": "Nichts davon ist ein Zitat wert.",
        "new": "neu",
        "same": "wie zuvor",
        "none": "keine",
        "date": "%d.%m.",
    },
}


def letter(digest: Digest, language: Language, zone: ZoneInfo, link: str) -> Letter:
    """The digest for its readers."""
    words = _WORDS[language]
    starts, ends = (at.astimezone(zone).strftime(words["date"]) for at in (digest.starts, digest.ends))
    subject = words["subject"].format(
        title=digest.title, starts=starts, ends=ends, posts=digest.posts.now, trend=_trend(digest.posts, words),
        cases=digest.cases.now,
    )  # fmt: skip
    facts = [
        _count("posts", digest.posts, words),
        _count("cases", digest.cases, words, solved=digest.solved),
        words["mood"].format(negative=digest.negative, positive=digest.positive),
    ]
    topics = [_topic(topic, words) for topic in digest.topics]
    return Letter(
        subject,
        _text(facts, topics, digest.quotes, words),
        _html(subject, facts, topics, digest.quotes, words, language),
        link,
        tuple(quote.mention for quote in digest.quotes),
    )


def notice(target: str, digest: Digest, said: Letter, now: datetime) -> Notice:
    """The digest on its way to its target. It is about no case: the one it carries is empty and has the number 0."""
    case = CaseSnapshot(
        0, CaseState.CLOSED, Severity.SEV4, TrafficLight.GREEN, "", "", said.subject, "", "", said.link, now, now, 0,
        Author(), (), "unknown", Sentiment.UNKNOWN, Urgency.NONE, (), (), {}, 0,
    )  # fmt: skip
    purpose = f"digest:{digest.name}:{digest.ends:%Y-%m-%d}"
    return Notice(target, case, NoticeType.DIGEST, purpose, said.subject, letter=said)


def _trend(count: Count, words: dict[str, str]) -> str:
    if count.trend is None:
        return words["new"] if count.now else words["none"]
    percent = round(100 * count.trend)
    return words["same"] if percent == 0 else f"{percent:+d} %".replace("-", "\u2212")


def _count(what: str, count: Count, words: dict[str, str], **more: int) -> str:
    return words[what].format(now=count.now, before=count.before, trend=_trend(count, words), **more)


def _topic(topic: Topic, words: dict[str, str]) -> str:
    return words[topic.kind].format(
        name=topic.name, posts=topic.posts.now, posts_trend=_trend(topic.posts, words), cases=topic.cases.now,
        cases_trend=_trend(topic.cases, words),
    )  # fmt: skip


def _sign(quote: Quote) -> str:
    return "+" if quote.sentiment is Sentiment.POSITIVE else "\u2212"


def _text(facts: list[str], topics: list[str], quotes: tuple[Quote, ...], words: dict[str, str]) -> str:
    lines = [*facts, "", words["topics"], *(f"• {line}" for line in topics), "", words["quotes"]]
    lines += [f"{_sign(q)} “{q.text}” ({q.channel}{', ' + q.url if q.url else ''})" for q in quotes]
    return "\n".join(lines if quotes else [*lines, words["nobody"]])


def _html(
    subject: str, facts: list[str], topics: list[str], quotes: tuple[Quote, ...], words: dict[str, str], language: str
) -> str:
    """A page that needs no style sheet, no picture and no script."""
    said = "".join(f"<blockquote>{_sign(q)} {escape(q.text)}<br>{_source(q)}</blockquote>" for q in quotes)
    parts = [
        f"<h1>{escape(subject)}</h1>",
        *(f"<p>{escape(fact)}</p>" for fact in facts),
        f"<h2>{words['topics']}</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in topics)}</ul>",
        f"<h2>{words['quotes']}</h2>{said or '<p>' + words['nobody'] + '</p>'}",
    ]
    head = f'<meta charset="utf-8"><title>{escape(subject)}</title>'
    return f'<!doctype html><html lang="{language}"><head>{head}</head><body>{"".join(parts)}</body></html>\n'


def _source(quote: Quote) -> str:
    if quote.url.startswith(("https://", "http://")):
        return f'<a href="{escape(quote.url, quote=True)}">{escape(quote.channel)}</a>'
    return escape(quote.channel)
