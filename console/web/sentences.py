"""Says the stages' English sentences (timelines, reasons, refusals) in another language.

The stages write one sentence into the case, for ever. Each kind of sentence is listed here as a pattern with its
message; what a pattern captures is itself translated where it is a known word, sentence or list of them, and kept as it
is where it is not (names, numbers, what people wrote). A sentence that no pattern knows stays English.
"""

import re
from collections.abc import Callable

from console.web.phrases import PHRASES
from console.web.words import KINDS, LABELS, N_, SPOKEN

Gettext = Callable[[str], str]
_WORDS = frozenset({*LABELS.values(), *KINDS.values(), *SPOKEN.values(), *(N_("low"), N_("major"))})
_SEVERITIES = {value.lower().replace(" ", ""): value for value in ("Sev 1", "Sev 2", "Sev 3", "Sev 4")}
_DEEPEST = 9
_CLOCK = "acknowledge|first response|next response|resolution|forward accepted"
_BY = r"(?P<who>[^:]+?)(?P<words>: .+?)?(?P<clocks>(?: \((?:" + _CLOCK + r") (?:met|missed)[^)]*\))*)"


def _pattern(regex: str, message: str) -> tuple[re.Pattern[str], str]:
    return re.compile(regex, re.DOTALL), message


# What people wrote is captured as `words`, and never translated.
PATTERNS: list[tuple[re.Pattern[str], str]] = [
    _pattern(r"urgency (?P<level>\w+)", N_("urgency %(level)s")),
    _pattern(r"urgency (?P<level>\w+): (?P<words>.+)", N_("urgency %(level)s: %(words)s")),
    _pattern(
        r"severity (?P<severity>sev\d): impact (?P<impact>\w+) × urgency (?P<level>\w+)",
        N_("%(severity)s: impact %(impact)s × urgency %(level)s"),
    ),
    _pattern(
        r"severity (?P<severity>sev\d): impact (?P<impact>\w+) \((?P<lift>[^)]+)\) × urgency (?P<level>\w+)",
        N_("%(severity)s: impact %(impact)s (%(lift)s) × urgency %(level)s"),
    ),
    _pattern(r"severity (?P<severity>sev\d)", N_("severity %(severity)s")),
    _pattern(r"the author is a VIP", N_("the author is a VIP")),
    _pattern(r"the author has (?P<count>[\d,]+) followers", N_("the author has %(count)s followers")),
    _pattern(r"rule “(?P<words>.*)”: (?P<said>.+)", N_("rule “%(words)s”: %(said)s")),
    _pattern(r"rule “(?P<words>.*)”", N_("rule “%(words)s”")),
    _pattern(r"opens a case", N_("opens a case")),
    _pattern(r"held for a person", N_("held for a person")),
    _pattern(
        r"waits for a person before anybody is told: (?P<why>.+)",
        N_("waits for a person before anybody is told: %(why)s"),
    ),
    _pattern(r"waits for a person: (?P<why>.+)", N_("waits for a person: %(why)s")),
    _pattern(r"the assessment is (?P<share>\d+)% sure", N_("the assessment is %(share)s %% sure")),
    _pattern(
        r"a post would make it (?P<severity>sev\d): (?P<why>.+)", N_("a post would make it %(severity)s: %(why)s")
    ),
    _pattern(r"nothing else", N_("nothing else")),
    _pattern(r"SLA (?P<words>[^:]+): (?P<granted>.+)", N_("SLA %(words)s: %(granted)s")),
    _pattern(rf"(?P<clock>{_CLOCK}) in (?P<span>\w+)", N_("%(clock)s within %(span)s")),
    _pattern(r"in the hours of (?P<words>\S+)", N_("in the hours of %(words)s")),
    _pattern(r"no deadlines", N_("no deadlines")),
    _pattern(
        r"the conversation had a case before: (?P<number>\d+)", N_("the conversation had a case before: %(number)s")
    ),
    _pattern(
        r"opened as (?P<severity>sev\d) from a (?P<kind>\w+) on (?P<channel>\S+), (?P<span>\w+) after it was written",
        N_("opened as %(severity)s from a %(kind)s on %(channel)s, %(span)s after it was written"),
    ),
    _pattern(
        r"severity raised from (?P<before>sev\d) to (?P<after>sev\d) \((?P<why>.*)\)",
        N_("severity raised from %(before)s to %(after)s (%(why)s)"),
    ),
    _pattern(r"one more (?P<kind>\w+) joined: (?P<by>.+)", N_("one more %(kind)s joined: %(by)s")),
    _pattern(r"the author has edited a post of this case", N_("the author has edited a post of this case")),
    _pattern(r"a post of this case was deleted", N_("a post of this case was deleted")),
    _pattern(r"the same conversation", N_("the same conversation")),
    _pattern(r"the same author and watchlist", N_("the same author and watchlist")),
    _pattern(r"the same story", N_("the same story")),
    _pattern(r"(?P<count>[\d,]+) posts tell the story", N_("%(count)s posts tell the story")),
    _pattern(r"reopened: the conversation goes on", N_("reopened: the conversation goes on")),
    _pattern(
        r"merged into case (?P<number>\d+) by leitstand: they tell one story",
        N_("merged into case %(number)s: they tell one story"),
    ),
    _pattern(
        r"case (?P<number>\d+) was merged into this one by leitstand: they tell one story",
        N_("case %(number)s was merged into this one: they tell one story"),
    ),
    _pattern(rf"merged into case (?P<number>\d+) by {_BY}", N_("merged into case %(number)s by %(who)s%(words)s")),
    _pattern(
        rf"case (?P<number>\d+) was merged into this one by {_BY}",
        N_("case %(number)s was merged into this one by %(who)s%(words)s"),
    ),
    _pattern(
        rf"(?P<count>\d+) of its posts became case (?P<number>\d+), by {_BY}",
        N_("%(count)s of its posts became case %(number)s, by %(who)s%(words)s"),
    ),
    _pattern(rf"split off case (?P<number>\d+) by {_BY}", N_("split off case %(number)s by %(who)s%(words)s")),
    _pattern(r"case (?P<number>\d+) was (?P<severity>sev\d)", N_("case %(number)s was %(severity)s")),
    _pattern(r"the author has written again: the clocks run on", N_("the author has written again: the clocks run on")),
    _pattern(r"the clocks run on", N_("the clocks run on")),
    _pattern(
        r"answered by (?P<who>\S+|an own account) on (?P<channel>\S+?): first response (?P<how>.+)",
        N_("answered by %(who)s on %(channel)s: first response %(how)s"),
    ),
    _pattern(r"answered by (?P<who>\S+|an own account) on (?P<channel>\S+)", N_("answered by %(who)s on %(channel)s")),
    _pattern(r"an own account", N_("an own account")),
    _pattern(
        r"a (?P<kind>\w+) in the conversation is ignored: (?P<why>.+)",
        N_("a %(kind)s in the conversation is ignored: %(why)s"),
    ),
    _pattern(
        r"no watchlist that it matched wants the language (?P<language>\w+)",
        N_("no watchlist that it matched wants the language %(language)s"),
    ),
    _pattern(r"met after (?P<span>\w+)", N_("met after %(span)s")),
    _pattern(r"missed: (?P<span>\w+) late", N_("missed, %(span)s late")),
    _pattern(rf"(?P<clock>{_CLOCK}) (?P<how>(?:met|missed).+)", N_("%(clock)s %(how)s")),
    _pattern(r"the escalation is acknowledged by (?P<words>.+)", N_("the escalation is acknowledged by %(words)s")),
    _pattern(rf"acknowledged by {_BY}", N_("acknowledged by %(who)s%(words)s%(clocks)s")),
    _pattern(rf"answered by {_BY}", N_("answered by %(who)s%(words)s%(clocks)s")),
    _pattern(rf"resolved by {_BY}", N_("resolved by %(who)s%(words)s%(clocks)s")),
    _pattern(rf"closed by {_BY}", N_("closed by %(who)s%(words)s%(clocks)s")),
    _pattern(rf"reopened by {_BY}", N_("reopened by %(who)s%(words)s%(clocks)s")),
    _pattern(r"assigned to nobody", N_("assigned to nobody")),
    _pattern(r"assigned to (?P<words>.+)", N_("assigned to %(words)s")),
    _pattern(r"label (?P<words>.+) added", N_("label %(words)s added")),
    _pattern(r"label (?P<words>.+) removed", N_("label %(words)s removed")),
    _pattern(r"waiting; the clocks stand still", N_("waiting; the clocks stand still")),
    _pattern(
        r"waiting for a department; the clocks stand still", N_("waiting for a department; the clocks stand still")
    ),
    _pattern(
        r"waiting for a department: (?P<words>.+); the clocks stand still",
        N_("waiting for a department: %(words)s; the clocks stand still"),
    ),
    _pattern(r"on hold; the clocks stand still", N_("on hold; the clocks stand still")),
    _pattern(r"on hold: (?P<words>.+); the clocks stand still", N_("on hold: %(words)s; the clocks stand still")),
    _pattern(rf"accepted by {_BY}", N_("accepted by %(who)s%(words)s%(clocks)s")),
    _pattern(rf"handed back by {_BY}", N_("handed back by %(who)s%(words)s")),
    _pattern(rf"approved by {_BY}", N_("approved by %(who)s%(words)s%(clocks)s")),
    _pattern(r"waiting: (?P<words>.+); the clocks stand still", N_("waiting: %(words)s; the clocks stand still")),
    _pattern(
        r"escalated from (?P<before>sev\d) to (?P<after>sev\d) by (?P<words>.+)",
        N_("escalated from %(before)s to %(after)s by %(words)s"),
    ),
    _pattern(r"escalated by (?P<who>.+) with (?P<words>.+)", N_("escalated by %(who)s with %(words)s")),
    _pattern(r"forwarded to (?P<target>\S+) by (?P<words>.+)", N_("forwarded to %(target)s by %(words)s")),
    _pattern(
        rf"(?P<clock>{_CLOCK}) overdue by (?P<span>\w+) \((?P<due>[^)]+)\)",
        N_("%(clock)s overdue by %(span)s (%(due)s)"),
    ),
    _pattern(
        rf"(?P<clock>{_CLOCK}) still overdue, by (?P<span>\w+) \((?P<due>[^)]+)\)",
        N_("%(clock)s still overdue, by %(span)s (%(due)s)"),
    ),
    _pattern(
        r"(?P<sentence>.+); it was past due when the post was seen",
        N_("%(sentence)s; it was past due when the post was seen"),
    ),
    _pattern(
        rf"(?P<clock>{_CLOCK}): (?P<share>\d+)% of the time is used, (?P<span>\w+) left \((?P<due>[^)]+)\)",
        N_("%(clock)s: %(share)s %% of the time is used, %(span)s left (%(due)s)"),
    ),
    _pattern(
        r"due (?P<at>[\d-]+ [\d:]+ UTC), (?P<span>\w+) by SLA (?P<words>.+)",
        N_("due %(at)s, %(span)s by SLA %(words)s"),
    ),
    _pattern(
        r"escalation (?P<policy>\S+) started: (?P<why>.+)",
        N_("escalation %(policy)s started: %(why)s"),
    ),
    _pattern(r"escalation (?P<policy>\S+) stopped: (?P<why>.+)", N_("escalation %(policy)s stopped: %(why)s")),
    _pattern(
        r"escalation (?P<policy>\S+), step (?P<step>\S+)(?:, round (?P<round>\d+) of (?P<rounds>\d+))?"
        r": telling (?P<words>.+)",
        N_("escalation %(policy)s, step %(step)s: telling %(words)s"),
    ),
    _pattern(
        r"escalation (?P<policy>\S+), step (?P<step>\S+)(?:, round (?P<round>\d+) of (?P<rounds>\d+))?"
        r" failed: no target or team is named (?P<words>.+); on to the next at once",
        N_("escalation %(policy)s, step %(step)s failed: no target or team is named %(words)s; on to the next at once"),
    ),
    _pattern(
        r"escalation (?P<policy>\S+): all steps are taken and nobody has (?P<event>\w+) the case",
        N_("escalation %(policy)s: all steps are taken and the case is not %(event)s"),
    ),
    _pattern(r"the case is (?P<severity>sev\d)", N_("the case is %(severity)s")),
    _pattern(r"the case is acknowledged", N_("the case is acknowledged")),
    _pattern(r"the case is resolved", N_("the case is resolved")),
    _pattern(r"the case has become more severe", N_("the case has become more severe")),
    _pattern(
        r"(?P<gone>the post was deleted|the author is blocked): nobody waits for an answer any more",
        N_("%(gone)s: nobody waits for an answer any more"),
    ),
    _pattern(r"rated (?P<score>\d) of 5 by the author", N_("rated %(score)s of 5 by the author")),
    _pattern(r"the post was deleted", N_("the post was deleted")),
    _pattern(r"the author is blocked", N_("the author is blocked")),
    _pattern(r"new deadlines: none moves", N_("new deadlines: none moves")),
    _pattern(r"new deadlines: (?P<words>.+)", N_("new deadlines: %(words)s")),
    _pattern(r"(?P<sentence>.+); seen (?P<span>\w+) later", N_("%(sentence)s; seen %(span)s later")),
    _pattern(r"(?P<sentence>.+), due (?P<at>[\d :-]+)", N_("%(sentence)s, due %(at)s")),
    _pattern(r"(?P<sentence>.+), and (?P<count>\d+) more", N_("%(sentence)s, and %(count)s more")),
    _pattern(
        r"(?P<sentence>.+), (?P<hours>\S+) until (?P<until>[\d :-]+), goes on (?P<on>[\d :-]+)",
        N_("%(sentence)s, %(hours)s until %(until)s, goes on %(on)s"),
    ),
    _pattern(r"(?P<sentence>.+), (?P<hours>\S+) opens (?P<at>[\d :-]+)", N_("%(sentence)s, %(hours)s opens %(at)s")),
    _pattern(r"(?P<sentence>.+) and (?P<span>\w+) of pauses", N_("%(sentence)s and %(span)s of pauses")),
    _pattern(r"(?P<span>\w+) from (?P<at>[\d :-]+) (?P<zone>[\w -]+)", N_("%(span)s from %(at)s %(zone)s")),
    _pattern(rf"the (?P<clock>{_CLOCK}) is overdue", N_("%(clock)s is overdue")),
    _pattern(r"started by (?P<words>.+)", N_("started by %(words)s")),
    _pattern(r"acknowledged", N_("acknowledged")),
    _pattern(
        r"case (?P<number>\d+) is (?P<state>\w+); this needs a case that is .+",
        N_("Case %(number)s is %(state)s: this can no longer be done."),
    ),
    _pattern(r"(?:text: )?the note is missing", N_("Write the note first.")),
]


def translate(sentence: str, gettext: Gettext, depth: int = 0) -> str:
    """The sentence in the language of `gettext`; itself where it has no other."""
    for pattern, message in (*PHRASES, *PATTERNS):
        found = pattern.fullmatch(sentence)
        if found is None:
            continue
        parts = {name: _part(name, value, gettext, depth) for name, value in found.groupdict().items()}
        return (gettext(message) % parts).strip()
    return sentence


def _part(name: str, value: str | None, gettext: Gettext, depth: int) -> str:
    if value is None:
        return ""
    if name == "words":
        return value
    if name == "clocks":
        return re.sub(r"\(([^)]*)\)", lambda m: f"({_inner(m[1], gettext, depth)})", value)
    return _inner(value, gettext, depth)


def _inner(said: str, gettext: Gettext, depth: int) -> str:
    word = _SEVERITIES.get(said, said)
    if word in _WORDS:
        return gettext(word)
    if depth >= _DEEPEST:
        return said
    whole = translate(said, gettext, depth + 1)
    if whole == said and ", " in said:
        return ", ".join(_inner(part, gettext, depth + 1) for part in said.split(", "))
    return whole
