"""The sentences of incidents, escalations and risks, as `sentences` translates them: each pattern with its message."""

import re

from leitstand.language.words import N_

CLOCK = "acknowledge|first response|next response|resolution|forward accepted"
CLOCKS = r"(?P<clocks>(?: \((?:" + CLOCK + r") (?:met|missed)[^)]*\))*)"
Phrase = tuple[re.Pattern[str], str]


def phrase(regex: str, message: str) -> Phrase:
    """A kind of sentence and how it is said."""
    return re.compile(regex, re.DOTALL), message


INCIDENTS: list[Phrase] = [
    phrase(
        r"belongs to incident (?P<number>\d+): its page is held back while the incident is open",
        N_("belongs to incident %(number)s: its page is held back while the incident is open"),
    ),
    phrase(
        r"incident (?P<number>\d+) on (?P<words>\S+): (?P<count>\d+) authors within (?P<span>\w+)"
        r" where (?P<usual>[\d.]+) are usual",
        N_("incident %(number)s on %(words)s: %(count)s authors within %(span)s where %(usual)s are usual"),
    ),
    phrase(
        r"incident (?P<number>\d+) on (?P<words>\S+) grows: (?P<count>\d+) authors within (?P<span>\w+),"
        r" (?P<all>\d+) in all, (?P<cases>\d+) cases",
        N_(
            "incident %(number)s on %(words)s grows: %(count)s authors within %(span)s, %(all)s in all, %(cases)s cases"
        ),
    ),
    phrase(
        r"incident (?P<number>\d+) on (?P<words>\S+) is over, (?P<why>.+): (?P<span>\w+), (?P<count>\d+) authors,"
        r" (?P<peak>\d+) at once at its height; (?P<cases>\d+) cases \((?P<sev1>\d+) sev1, (?P<open>\d+) still open\);"
        r" (?P<held>\d+) pages held back, (?P<sent>\d+) of them sent now",
        N_(
            "incident %(number)s on %(words)s is over, %(why)s: %(span)s, %(count)s authors, %(peak)s at once at its"
            " height; %(cases)s cases (%(sev1)s Sev 1, %(open)s still open); %(held)s pages held back, %(sent)s of"
            " them sent now"
        ),
    ),
    phrase(r"it has ebbed away", N_("it has ebbed away")),
    phrase(r"its watchlist is not watched any more", N_("its watchlist is not watched any more")),
    phrase(r"closed by hand", N_("closed by hand")),
    phrase(r"incident (?P<number>\d+) is over", N_("incident %(number)s is over")),
    phrase(r"incident (?P<number>\d+)", N_("incident %(number)s")),
]
ESCALATIONS: list[Phrase] = [
    phrase(
        r"escalation (?P<policy>\S+) is held back by incident (?P<number>\d+): (?P<why>.+)",
        N_("escalation %(policy)s is held back by incident %(number)s: %(why)s"),
    ),
    phrase(
        r"escalation (?P<policy>\S+): its further steps wait for the end of incident (?P<number>\d+)",
        N_("escalation %(policy)s: its further steps wait for the end of incident %(number)s"),
    ),
    phrase(
        r"escalation (?P<policy>\S+), step (?P<step>\d+/\d+)(?:, round (?P<round>\d+) of (?P<rounds>\d+))?"
        r":? (?P<does>resolving the case|waits: .+|skipped: .+|forwarding to .+|opening a channel at .+)",
        N_("escalation %(policy)s, step %(step)s: %(does)s"),
    ),
    phrase(
        r"escalation (?P<policy>\S+), step (?P<step>\d+/\d+)(?:, round (?P<round>\d+) of (?P<rounds>\d+))?"
        r": (?P<words>\S+) has it",
        N_("escalation %(policy)s, step %(step)s: %(words)s has it"),
    ),
    phrase(
        r"escalation (?P<policy>\S+), step (?P<step>[^:]+): (?P<words>\S+) has it"
        r", in a channel of its own: (?P<link>.+)",
        N_("escalation %(policy)s, step %(step)s: %(words)s has it, in a channel of its own: %(link)s"),
    ),
    phrase(
        r"escalation (?P<policy>\S+), step (?P<step>\d+/\d+)(?:, round (?P<round>\d+) of (?P<rounds>\d+))?"
        r": (?P<whom>\S+) could not be told \((?P<words>.*)\)(?:; on to the next at once)?",
        N_("escalation %(policy)s, step %(step)s: %(whom)s could not be told (%(words)s)"),
    ),
    phrase(
        r"escalation (?P<policy>\S+): (?P<does>forward|resolve) failed: (?P<words>.+)",
        N_("escalation %(policy)s: %(does)s failed: %(words)s"),
    ),
    phrase(r"resolving the case", N_("the case is being resolved")),
    phrase(r"waits: (?P<why>.+)", N_("waits: %(why)s")),
    phrase(
        r"silence (?P<number>\d+) by (?P<words>.+?) until (?P<at>[\d-]+ [\d:]+ UTC) \((?P<more_words>.*)\)",
        N_("silence %(number)s by %(words)s until %(at)s (%(more_words)s)"),
    ),
    phrase(r"only (?P<words>[a-z\d :-]+)", N_("only %(words)s")),
    phrase(r"(?P<count>\d+) of (?P<least>\d+) posts", N_("%(count)s of %(least)s posts")),
    phrase(r"skipped: (?P<why>.+)", N_("skipped: %(why)s")),
    phrase(r"forwarding to (?P<words>.+)", N_("forwarded to %(words)s")),
    phrase(r"opening a channel at (?P<words>.+)", N_("opens a channel at %(words)s")),
    phrase(r"somebody has acknowledged the case", N_("somebody has acknowledged the case")),
    phrase(r"nobody has acknowledged the case", N_("nobody has acknowledged the case")),
    phrase(r"the severity has not risen", N_("the severity has not risen")),
    phrase(r"the severity has risen", N_("the severity has risen")),
    phrase(r"its risk is (?P<score>[\d.]+)", N_("its risk is %(score)s")),
    phrase(r"the risk is (?P<score>[\d.]+), not (?P<least>[\d.]+)", N_("the risk is %(score)s, not %(least)s")),
    phrase(r"the risk is not known, not (?P<least>[\d.]+)", N_("the risk is not known, not %(least)s")),
    phrase(
        r"(?P<count>\d+) posts per (?P<per>\w+) within (?P<span>\w+), not more than (?P<most>\d+)",
        N_("%(count)s posts within %(span)s, not more than %(most)s"),
    ),
    phrase(
        r"(?P<count>\d+) cases per (?P<per>\w+) within (?P<span>\w+), not more than (?P<most>\d+)",
        N_("%(count)s cases within %(span)s, not more than %(most)s"),
    ),
    phrase(r"escalation (?P<number>\d+) is opened: (?P<why>.+)", N_("escalation %(number)s is opened: %(why)s")),
    phrase(
        r"opened because of (?P<why>.+), about case (?P<number>\d+) \((?P<severity>sev\d)\); owned by nobody yet",
        N_("opened because of %(why)s, about case %(number)s (%(severity)s); nobody owns it yet"),
    ),
    phrase(
        r"opened because of (?P<why>.+), about case (?P<number>\d+) \((?P<severity>sev\d)\); owned by (?P<words>.+)",
        N_("opened because of %(why)s, about case %(number)s (%(severity)s); owned by %(words)s"),
    ),
    phrase(r"a sev1 case", N_("a Sev 1 case")),
    phrase(r"a missed deadline", N_("a missed deadline")),
    phrase(r"a decision of (?P<words>.+)", N_("a decision of %(words)s")),
    phrase(r"(?P<words>.+) owns it from now on", N_("%(words)s owns it from now on")),
    phrase(
        r"case (?P<number>\d+) was merged into case (?P<into>\d+): it is about that one from now on",
        N_("case %(number)s was merged into case %(into)s: it is about that one from now on"),
    ),
    phrase(r"(?P<words>.+) has joined the team", N_("%(words)s has joined the team")),
    phrase(r"(?P<words>.+) has left the team", N_("%(words)s has left the team")),
    phrase(
        r"measure (?P<number>\d+) handed over to (?P<whom>\S+), due (?P<at>[\d-]+ [\d:]+ \S+): (?P<words>.+)",
        N_("measure %(number)s is handed over to %(whom)s, due %(at)s: %(words)s"),
    ),
    phrase(
        r"measure (?P<number>\d+) is for (?P<whom>.+?), due (?P<at>[\d-]+ [\d:]+ \S+): (?P<words>.+)",
        N_("measure %(number)s is for %(whom)s, due %(at)s: %(words)s"),
    ),
    phrase(r"measure (?P<number>\d+) is accepted(?P<words>: .+)?", N_("measure %(number)s is accepted%(words)s")),
    phrase(r"measure (?P<number>\d+) is done(?P<words>: .+)?", N_("measure %(number)s is done%(words)s")),
    phrase(
        r"measure (?P<number>\d+) of (?P<words>.+) is overdue since (?P<at>[\d-]+ [\d:]+ UTC)",
        N_("measure %(number)s of %(words)s is overdue since %(at)s"),
    ),
    phrase(
        r"measure (?P<number>\d+) of (?P<words>.+) is due (?P<at>[\d-]+ [\d:]+ UTC)",
        N_("measure %(number)s of %(words)s is due %(at)s"),
    ),
    phrase(r"closed by (?P<who>[^;]+); learned: (?P<words>.+)", N_("closed by %(who)s; learned: %(words)s")),
    phrase(r"escalation (?P<number>\d+) is closed", N_("escalation %(number)s is closed")),
    phrase(
        r"escalation (?P<number>\d+) has open measures \((?P<count>\d+)\): finish them first",
        N_("escalation %(number)s has open measures (%(count)s): finish them first"),
    ),
    phrase(
        r"(?:due: )?say until when, as a time to come with its offset",
        N_("Say until when: a time that is still to come."),
    ),
    phrase(
        r"(?:text: )?write a sentence: leadership reads it without knowing the case",
        N_("Write a sentence: leadership reads it without knowing the case."),
    ),
]
RISKS: list[Phrase] = [
    phrase(r"(?P<why>.+) \(\+(?P<weight>[\d.]+)\)", N_("%(why)s (+%(weight)s)")),
    phrase(r"as with any case", N_("as with any case")),
    phrase(r"it is (?P<severity>sev\d)", N_("it is %(severity)s")),
    phrase(
        rf"(?P<clock>{CLOCK}): (?P<share>\d+)%"
        r" of the time is used",
        N_("%(clock)s: %(share)s %% of the time is used"),
    ),
    phrase(r"(?P<count>\d+) cases of the same author before", N_("%(count)s cases of the same author before")),
    phrase(r"the author has written (?P<count>\d+) times more", N_("the author has written %(count)s times more")),
    phrase(
        r"sentiment falls from (?P<before>[+-][\d.]+) to (?P<after>[+-][\d.]+)",
        N_("sentiment falls from %(before)s to %(after)s"),
    ),
    phrase(
        r"(?P<count>\d+) of (?P<all>\d+) posts within the last hour",
        N_("%(count)s of %(all)s posts within the last hour"),
    ),
    phrase(r"measures overdue: (?P<count>\d+)", N_("measures overdue: %(count)s")),
    phrase(r"nobody owns it", N_("nobody owns it")),
    phrase(r"no open measure: nothing is being done", N_("no open measure: nothing is being done")),
    phrase(r"hand-overs not accepted: (?P<count>\d+)", N_("hand-overs not accepted: %(count)s")),
    phrase(r"days open: (?P<count>\d+)", N_("days open: %(count)s")),
    phrase(r"the case's own risk is (?P<share>\d+)%", N_("the case's own risk is %(share)s %%")),
]
REFUSALS: list[Phrase] = [
    phrase(r"(?:value: )?a case cannot be merged into itself", N_("A case cannot be merged into itself.")),
    phrase(
        r"case (?P<number>\d+) is (?P<state>\w+); only open cases are (?:merged|split)",
        N_("Case %(number)s is %(state)s: only open cases can be merged or split."),
    ),
    phrase(r"(?:value: )?must be the ids of the mentions that leave", N_("Tick the posts that are to leave first.")),
    phrase(r"(?:value: )?must be the number of the other case", N_("Give the number of the other case.")),
    phrase(r"(?:text: )?the reply is missing", N_("Write what was answered first.")),
    phrase(r"(?:value: )?the label is missing", N_("Write the label first.")),
    phrase(
        r"(?:value: )?there is no target '(?P<words>[^']+)'; known: (?P<known>.+)",
        N_("There is no target %(words)s; known: %(known)s"),
    ),
]
CORRECTIONS: list[Phrase] = [
    phrase(
        r"what was understood of a post was corrected by (?P<who>[^:]+): (?P<said>.+)",
        N_("what was understood of a post was corrected by %(who)s: %(said)s"),
    ),
    phrase(r"sentiment (?P<mood>\w+)", N_("sentiment %(mood)s")),
    phrase(r"wants an answer", N_("wants an answer")),
    phrase(r"wants no answer", N_("wants no answer")),
]
EDITS: list[Phrase] = [
    phrase(r"the edited post was assessed again: (?P<said>.+)", N_("the edited post was assessed again: %(said)s")),
    phrase(r"nothing changes", N_("nothing changes")),
    phrase(r"urgency (?P<before>\w+) → (?P<after>\w+)", N_("urgency %(before)s → %(after)s")),
    phrase(r"sentiment (?P<before>\w+) → (?P<after>\w+)", N_("sentiment %(before)s → %(after)s")),
    phrase(r"now about (?P<what>\w+)", N_("now about %(what)s")),
    phrase(r"no longer about (?P<what>\w+)", N_("no longer about %(what)s")),
    phrase(r"reopened: a post of it was edited", N_("reopened: a post of it was edited")),
]
PHRASES: list[Phrase] = [*INCIDENTS, *ESCALATIONS, *RISKS, *REFUSALS, *CORRECTIONS, *EDITS]
