"""What a notice says: the webhook's JSON, and words for people in English and German. Pure.

The first line is for somebody woken at night: how bad, what, where, by when.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from escalation_bridge.contract import ReaderSettings
from escalation_bridge.text import cut, neutralise, not_encoded, one_line, visible
from leitstand.language.catalogue import Language, translations
from leitstand.language.sentences import sentences_of, speaker
from leitstand.language.words import label
from leitstand.model import CaseSnapshot, ClockSnapshot, ClockState, Delivery, Letter, NoticeType, Sentiment

TITLE_LENGTH = 80
TEXT_LENGTH = 1000
LETTER_LENGTH = 2800
REASONS_SHOWN = 8
_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f\x7f-\x9f<>\"]{1,2000}")

_TYPES: dict[Language, dict[NoticeType, str]] = {
    "en": {
        NoticeType.CASE_OPENED: "new case",
        NoticeType.CASE_UPDATED: "changed: case",
        NoticeType.CASE_ESCALATED: "escalated: case",
        NoticeType.CASE_CLOSED: "closed: case",
        NoticeType.SLA_WARNING: "deadline near: case",
        NoticeType.SLA_BREACHED: "deadline missed: case",
        NoticeType.INCIDENT_OPENED: "incident: case",
        NoticeType.INCIDENT_GROWN: "incident grows: case",
        NoticeType.INCIDENT_CLOSED: "incident over: case",
        NoticeType.ESCALATION_MILESTONE: "milestone: case",
        NoticeType.ESCALATION_REMINDER: "reminder: case",
        NoticeType.CASE_SHARED: "worth knowing: case",
        NoticeType.CASE_FORGOTTEN: "no longer kept: case",
        NoticeType.DIGEST: "digest: case",
    },
    "de": {
        NoticeType.CASE_OPENED: "neuer Fall",
        NoticeType.CASE_UPDATED: "geändert: Fall",
        NoticeType.CASE_ESCALATED: "eskaliert: Fall",
        NoticeType.CASE_CLOSED: "geschlossen: Fall",
        NoticeType.SLA_WARNING: "Frist läuft ab: Fall",
        NoticeType.SLA_BREACHED: "Frist verpasst: Fall",
        NoticeType.INCIDENT_OPENED: "Vorfall: Fall",
        NoticeType.INCIDENT_GROWN: "Vorfall wächst: Fall",
        NoticeType.INCIDENT_CLOSED: "Vorfall vorbei: Fall",
        NoticeType.ESCALATION_MILESTONE: "Meilenstein: Fall",
        NoticeType.ESCALATION_REMINDER: "Erinnerung: Fall",
        NoticeType.CASE_SHARED: "wissenswert: Fall",
        NoticeType.CASE_FORGOTTEN: "nicht länger aufbewahrt: Fall",
        NoticeType.DIGEST: "Wochenbericht: Fall",
    },
}
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "acknowledge": "acknowledgement",
        "first_response": "first response",
        "next_response": "next response",
        "resolution": "resolution",
        "forward_accepted": "acceptance",
        "due": "{clock} due {at} (in {span})",
        "overdue": "{clock} overdue since {at} ({span})",
        "no deadline": "no deadline running",
        "why": "Why",
        "who": "Author",
        "followers": "followers",
        "mentions": "mentions",
        "read as": "Read as",
        "unknown": "unknown",
        "reasons": "Reasons",
        "deadlines": "Deadlines",
        "post": "Post",
        "case": "Case",
        "days": "days",
        "date": "%Y-%m-%d %H:%M",
        "thousands": ",",
        "state": "State",
        "state new": "new, acknowledged by nobody",
        "state open": "open",
        "state waiting": "waiting",
        "state resolved": "resolved",
        "state closed": "closed",
    },
    "de": {
        "acknowledge": "Bestätigung",
        "first_response": "erste Antwort",
        "next_response": "nächste Antwort",
        "resolution": "Lösung",
        "forward_accepted": "Annahme",
        "due": "{clock} fällig {at} (in {span})",
        "overdue": "{clock} überfällig seit {at} ({span})",
        "no deadline": "keine Frist läuft",
        "why": "Warum",
        "who": "Autor",
        "followers": "Follower",
        "mentions": "Beiträge",
        "read as": "Verstanden als",
        "unknown": "Stimmung unbekannt",
        "reasons": "Gründe",
        "deadlines": "Fristen",
        "post": "Beitrag",
        "case": "Fall",
        "days": "Tage",
        "date": "%d.%m.%Y %H:%M",
        "thousands": ".",
        "state": "Zustand",
        "state new": "neu, von niemandem bestätigt",
        "state open": "offen",
        "state waiting": "wartet",
        "state resolved": "gelöst",
        "state closed": "geschlossen",
    },
}
_ZONES: dict[Language, dict[str, str]] = {"en": {}, "de": {"CET": "MEZ", "CEST": "MESZ"}}


@dataclass(frozen=True, slots=True)
class Message:
    """A notice in words. Everything a stranger wrote is neutralised; `labelled` lines are (label, text).

    `letter` says that `text` is our own and about no case; `html` says the same for mail.
    """

    headline: str
    subject: str
    labelled: tuple[tuple[str, str], ...]
    reasons: tuple[str, ...]
    deadlines: tuple[str, ...]
    text: str
    post: str
    link: str
    language: Language
    letter: bool = False
    html: str = ""

    def word(self, name: str) -> str:
        """A label in the message's language."""
        return _WORDS[self.language][name]


def webhook_body(delivery: Delivery) -> bytes:
    """The JSON of a webhook: the same bytes at every attempt."""
    case = {"case": delivery.case, "reason": delivery.reason, "step": delivery.step}
    data = {"letter": delivery.letter} if delivery.letter else case
    return msgspec.json.encode({"type": delivery.type.value, "timestamp": delivery.created_at, "data": data})


def render(delivery: Delivery, settings: ReaderSettings, language: Language, now: datetime) -> Message:
    """The notice in words, in the target's own language and time zone."""
    case, language = delivery.case, settings.language or language
    if delivery.letter:
        return _of_letter(delivery.letter, language)
    deadlines = _deadlines(case, language, ZoneInfo(settings.timezone), now)
    title = cut(one_line(neutralise(case.title or case.text)), TITLE_LENGTH)
    severity = case.severity.value.upper()
    by_when = deadlines[0] if deadlines else _WORDS[language]["no deadline"]
    what = f"{severity} {_TYPES[language][delivery.type]} {case.number}"
    say = cache(speaker(language))  # why a case was opened is told among its reasons, too
    return Message(
        headline=f"{what}: {title} · {case.channel} · {by_when}",
        subject=not_encoded(f"[{_WORDS[language]['case']} {case.number}] {severity} {title}"),
        labelled=tuple(_labelled(delivery, language, say)),
        reasons=tuple(_sentence(r.text, say, 300) for r in case.reasons[:REASONS_SHOWN]),
        deadlines=tuple(deadlines),
        text=cut(neutralise(case.text).strip(), TEXT_LENGTH),
        post=_shown(case.url) if _ADDRESS.fullmatch(case.url) else "",
        link=case.link,
        language=language,
    )


def _of_letter(letter: Letter, language: Language) -> Message:
    subject, text = one_line(neutralise(letter.subject)), cut(neutralise(letter.text), LETTER_LENGTH)
    html = visible(letter.html)
    head = not_encoded(subject)
    return Message(subject, head, (), (), (), text, "", letter.link, language, letter=True, html=html)


def plain(message: Message) -> str:
    """The whole message as plain text."""
    if message.letter:
        return "\n".join([message.text, "", message.link, ""])
    parts = [message.headline, ""]
    parts += [f"{label}: {text}" for label, text in message.labelled]
    for name, lines in (("deadlines", message.deadlines), ("reasons", message.reasons)):
        if lines:
            parts += ["", f"{message.word(name)}:", *(f"- {line}" for line in lines)]
    if message.text:
        parts += ["", *(f"> {line}" for line in message.text.split("\n"))]
    if message.post:
        parts += ["", f"{message.word('post')}: {message.post}"]
    return "\n".join([*parts, "", f"{message.word('case')}: {message.link}", ""])


def _shown(address: str) -> str:
    """A stranger's address with nothing in it that cannot be seen."""
    return "".join(c if c.isprintable() else quote(c, errors="replace") for c in address)


def _sentence(said: str, say: Callable[[str], str], length: int) -> str:
    """A stage's sentence in the reader's language, on a line of its own."""
    return cut(one_line(neutralise("; ".join(say(one) for one in sentences_of(said)))), length)


def _labelled(delivery: Delivery, language: Language, say: Callable[[str], str]) -> list[tuple[str, str]]:
    case, words = delivery.case, _WORDS[language]
    state = words[f"state {case.state.value}"]
    if case.assignee:
        state += f" · {one_line(neutralise(case.assignee))}"
    call = translations(language).gettext
    mood = words["unknown"] if case.sentiment is Sentiment.UNKNOWN else call(label(case.sentiment))
    read_as = " · ".join((mood, say(f"urgency {case.urgency.name.lower()}"), *(call(label(i)) for i in case.intents)))
    lines = [(words["why"], _sentence(delivery.reason, say, 500)), (words["state"], state)]
    if author := _author(case, words):
        lines.append((words["who"], author))
    if case.mention_count > 1:
        lines.append((words["mentions"].capitalize(), _number(case.mention_count, words)))
    return [*lines, (words["read as"], read_as)]


def _author(case: CaseSnapshot, words: dict[str, str]) -> str:
    names = cut(one_line(neutralise(case.author.handle or case.author.name)), 100)
    if case.author.followers is None or not names:
        return names
    return f"{names} ({_number(case.author.followers, words)} {words['followers']})"


def _number(count: int, words: dict[str, str]) -> str:
    return f"{count:,}".replace(",", words["thousands"])


def _deadlines(case: CaseSnapshot, language: Language, zone: ZoneInfo, now: datetime) -> list[str]:
    """Every deadline that still asks for something, the most pressing first: what runs, then what was missed."""
    told = (ClockState.RUNNING, ClockState.BREACHED)
    asking = [
        (c.state is ClockState.BREACHED, c.due_at, n) for n, c in case.clocks.items() if c.due_at and c.state in told
    ]
    return [_deadline(name, case.clocks[name], due, language, zone, now) for _, due, name in sorted(asking)]


def _deadline(name: str, clock: ClockSnapshot, due: datetime, language: Language, zone: ZoneInfo, now: datetime) -> str:
    words = _WORDS[language]
    late = clock.state is ClockState.BREACHED or due <= now
    local, today = due.astimezone(zone), now.astimezone(zone).date()
    at = local.strftime("%H:%M" if local.date() == today else words["date"])
    at = f"{at} {_ZONES[language].get(local.tzname() or '', local.tzname())}"
    span = span_text(abs(due - now), words["days"])
    return words["overdue" if late else "due"].format(clock=words.get(name, name), at=at, span=span)


def span_text(span: timedelta, days: str) -> str:
    """A span as one says it: 45 s, 12 min, 3 h 5 min, 4 days."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        hours, minutes = divmod(seconds // 60, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{seconds // 86400} {days}"
