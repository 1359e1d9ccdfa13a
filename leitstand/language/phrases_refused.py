"""What is refused, and why, as `sentences` translates it: what to do rather than what is wrong, in English, too."""

from leitstand.language.phrases import Phrase, phrase
from leitstand.language.words import N_

FORMS: list[Phrase] = [
    phrase(
        r"(?:\w+: )?(?:longer than|must have at most) (?P<count>[\d,]+) characters(?:, and no NUL)?",
        N_("It must have at most %(count)s characters."),
    ),
    phrase(r"(?:\w+: )?a label has at most (?P<count>\d+) characters", N_("A label has at most %(count)s characters.")),
    phrase(r"(?:\w+: )?must be (?:one|some) of:? (?P<words>.+)", N_("It must be of these: %(words)s.")),
    phrase(
        r"(?:\w+: )?must be (?:a whole number )?from (?P<least>\d) to (?P<most>\d)",
        N_("It must be a number from %(least)s to %(most)s."),
    ),
    phrase(r"(?:\w+: )?must be yes or no", N_("It must be yes or no.")),
    phrase(
        r"(?:\w+: )?must last longer than nothing, and at most (?P<count>\d+) days",
        N_("It must last longer than nothing, and at most %(count)s days."),
    ),
    phrase(
        r"(?:\w+: )?must be a time to come, at most (?P<count>\d+) days ahead",
        N_("It must be a time to come, at most %(count)s days ahead."),
    ),
    phrase(r"(?:\w+: )?must be a time with its offset", N_("It must be a time with its offset.")),
    phrase(r"(?:\w+: )?not a cursor of this list", N_("This page of the list is not there any more.")),
]
MISSING: list[Phrase] = [
    phrase(r"(?:\w+: )?which mentions are to leave is missing", N_("Tick the posts that are to leave first.")),
    phrase(r"(?:\w+: )?the target is missing", N_("Say at which target first.")),
    phrase(r"(?:\w+: )?the owner is missing", N_("Say who is to own it first.")),
    phrase(r"(?:\w+: )?who joins is missing", N_("Say who joins first.")),
    phrase(r"(?:\w+: )?what is to be done is missing", N_("Write what is to be done first.")),
    phrase(r"(?:\w+: )?who does it is missing", N_("Say who does it first.")),
    phrase(r"(?:\w+: )?the department's target is missing", N_("Say which department first.")),
    phrase(r"(?:\w+: )?what the department is to do is missing", N_("Write what the department is to do first.")),
    phrase(r"(?:\w+: )?the measure's number is missing", N_("Say which measure first.")),
    phrase(r"(?:\w+: )?what has been reached is missing", N_("Write what has been reached first.")),
    phrase(
        r"(?:\w+: )?what was learned \(\w+\) is missing",
        N_("Write all four parts of what was learned first: what happened, why, what changes, and by whom."),
    ),
]
UNKNOWN: list[Phrase] = [
    phrase(
        r"(?:\w+: )?there is no severity or escalation policy '(?P<words>.+?)'; known: (?P<more_words>.+)",
        N_("There is no severity or escalation policy %(words)s; known: %(more_words)s"),
    ),
    phrase(
        r"(?:\w+: )?there is no (?:target|rota) '(?P<words>[^']*)'; known: (?P<more_words>.+)",
        N_("There is no %(words)s; known: %(more_words)s"),
    ),
    phrase(
        r"(?:\w+: )?there is no action ['“](?P<words>.*?)['”]; known: (?P<more_words>.+)",
        N_("There is no action %(words)s; known: %(more_words)s"),
    ),
    phrase(r"there is no incident (?P<number>\d+)", N_("There is no incident %(number)s.")),
    phrase(r"there is no escalation (?P<number>\d+)", N_("There is no escalation %(number)s.")),
    phrase(
        r"the case of escalation (?P<number>\d+) is no longer kept",
        N_("The case of escalation %(number)s is no longer kept."),
    ),
    phrase(r"there is no open silence (?P<number>\d+)", N_("There is no open silence %(number)s.")),
    phrase(
        r"there is no silence (?P<number>\d+) that somebody has ended",
        N_("There is no silence %(number)s that somebody has ended."),
    ),
    phrase(r"there is no such override (?P<number>\d+)", N_("There is no override %(number)s.")),
    phrase(
        r"(?:\w+: )?case (?P<number>\d+) has no (?:mention|post) (?P<post>\d+)",
        N_("Case %(number)s has no post %(post)s."),
    ),
    phrase(
        r"escalation (?P<number>\d+) has no measure (?P<words>.*)",
        N_("Escalation %(number)s has no measure %(words)s."),
    ),
]
TOO_LATE: list[Phrase] = [
    phrase(
        r"case \d+ is (?P<severity>sev\d); escalating cannot make it milder",
        N_("The case is %(severity)s: escalating cannot make it milder."),
    ),
    phrase(r"incident (?P<number>\d+) is over already", N_("Incident %(number)s is over already.")),
    phrase(r"case (?P<number>\d+) is not solved yet", N_("Case %(number)s is not solved yet.")),
    phrase(
        r"case (?P<number>\d+) has an open escalation already", N_("Case %(number)s has an open escalation already.")
    ),
    phrase(r"(?:\w+: )?at least one mention must stay", N_("At least one post must stay.")),
    phrase(
        r"(?:\w+: )?only the brand's own posts would leave",
        N_("Only the brand's own posts would leave: tick others, too."),
    ),
]
REFUSED: list[Phrase] = [*FORMS, *MISSING, *UNKNOWN, *TOO_LATE]
