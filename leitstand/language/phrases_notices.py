"""Why somebody is told, as `sentences` translates it: what only messages say, and what rules do."""

from leitstand.language.phrases import CLOCKS, Phrase, phrase
from leitstand.language.words import N_

_AT = r"[\d-]+ [\d:]+ \S+"

# What Leitstand itself did is followed by a sentence of its own, what people did by their words.
OURS: list[Phrase] = [
    phrase(
        r"(?P<ours>escalated from sev\d to sev\d|(?:forwarded to|shared with) \S+|[a-z]+) by leitstand:"
        rf" (?P<why>.+?){CLOCKS}",
        N_("%(ours)s: %(why)s%(clocks)s"),
    ),
    phrase(r"started by the author", N_("started by the author")),
    phrase(r"reopened by the author: rated (?P<score>\d) of 5", N_("reopened: rated %(score)s of 5 by the author")),
    phrase(
        r"escalated from (?P<before>sev\d) to (?P<after>sev\d) by the author: rated (?P<score>\d) of 5",
        N_("escalated from %(before)s to %(after)s: rated %(score)s of 5 by the author"),
    ),
]
STEPS: list[Phrase] = [
    phrase(
        r"escalation (?P<policy>\S+), step (?P<step>\d+/\d+(?:, round \d+ of \d+)?): (?P<why>.+)",
        N_("escalation %(policy)s, step %(step)s: %(why)s"),
    ),
    phrase(
        r"(?P<step>\d+/\d+), round (?P<round>\d+) of (?P<rounds>\d+)",
        N_("%(step)s, round %(round)s of %(rounds)s"),
    ),
    phrase(r"(?P<why>.+); incident (?P<number>\d+) is over", N_("%(why)s; incident %(number)s is over")),
    phrase(
        r"nobody has touched it for (?P<span>\w+) since (?P<words>.+) acknowledged it:"
        r" escalation (?P<policy>\S+) begins again",
        N_("nobody has touched it for %(span)s since %(words)s acknowledged it: escalation %(policy)s begins again"),
    ),
]
PROJECTS: list[Phrase] = [
    phrase(
        r"escalation (?P<number>\d+) \((?P<title>.*)\): (?P<said>(?:opened because of|closed by) .+)",
        N_("escalation %(number)s (%(title)s): %(said)s"),
    ),
    phrase(
        r"escalation (?P<number>\d+) \((?P<title>.*?)\): (?P<words>.+)",
        N_("escalation %(number)s (%(title)s): %(words)s"),
    ),
    phrase(
        rf"escalation (?P<number>\d+), handed over to (?P<target>\S+) by (?P<whom>.+?):"
        rf" (?P<words>.+) \(due (?P<at>{_AT})\)",
        N_("escalation %(number)s, handed over to %(target)s by %(whom)s: %(words)s (due %(at)s)"),
    ),
    phrase(
        rf"escalation (?P<number>\d+): (?P<said>measure \d+ of .+? is (?:due|overdue since) {_AT}): (?P<words>.+)",
        N_("escalation %(number)s: %(said)s: %(words)s"),
    ),
]
STATES: list[Phrase] = [
    phrase(r"rule “(?P<words>.*?)” \((?P<more_words>.*)\)", N_("rule “%(words)s” (%(more_words)s)")),
    phrase(r"the case is closed", N_("the case is closed")),
    phrase(r"the case is open again", N_("the case is open again")),
    phrase(
        r"the author's data was erased: remove what you keep of it",
        N_("the author's data was erased: remove what you keep of it"),
    ),
]
NOTICES: list[Phrase] = [*STEPS, *PROJECTS, *STATES]
# What an escalation is called where nobody has given it a title, by what it is about.
TITLES: list[Phrase] = [
    phrase(r"incident (?P<number>\d+) on (?P<words>\S+)", N_("incident %(number)s on %(words)s")),
    phrase(r"case (?P<number>\d+)", N_("case %(number)s")),
]
# What a rule has set, by the word before its name.
EFFECTS = {
    "team": N_("team %(words)s"),
    "tags": N_("tags %(words)s"),
    "policy": N_("policy %(words)s"),
    "SLA": N_("SLA %(words)s"),
}
