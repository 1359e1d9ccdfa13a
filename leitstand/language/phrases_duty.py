"""The sentences of who is told when, who is on call and silences, as `sentences` translates them."""

from leitstand.language.phrases import Phrase, phrase
from leitstand.language.words import N_

MATRIX: list[Phrase] = [
    phrase(r"Who is told when", N_("Who is told when")),
    phrase(r"a case is (?P<severity>sev\d)", N_("a case is %(severity)s")),
    phrase(r"a deadline of (?P<words>\S+) is missed", N_("a deadline of %(words)s is missed")),
    phrase(r"an incident opens", N_("an incident opens")),
    phrase(r"somebody starts it", N_("somebody starts it")),
    phrase(r"at once", N_("at once")),
    phrase(r"after (?P<span>(?:\d+[dhms])+)", N_("after %(span)s")),
    phrase(r"policy (?P<words>\S+), (?P<ends>until .+)", N_("policy %(words)s, %(ends)s")),
    phrase(r"until (?P<event>acknowledged|resolved)", N_("until %(event)s")),
    phrase(r"until (?P<event>acknowledged|resolved), (?P<more>.+)", N_("until %(event)s, %(more)s")),
    phrase(r"(?P<count>\d+) times again", N_("%(count)s times again")),
    phrase(
        r"again (?P<span>\w+) after an acknowledgement without work",
        N_("again %(span)s after an acknowledgement without work"),
    ),
    phrase(r"tell (?P<words>.+)", N_("tell %(words)s")),
    phrase(r"call (?P<words>.+)", N_("call %(words)s")),
    phrase(r"hand over to (?P<words>.+)", N_("hand over to %(words)s")),
    phrase(r"open a channel at (?P<words>.+)", N_("open a channel at %(words)s")),
    phrase(r"resolve the case", N_("resolve the case")),
    phrase(r"only: (?P<one>[^;]+)", N_("only: %(one)s")),
    phrase(r"only: (?P<one>[^;]+); (?P<two>[^;]+)", N_("only: %(one)s; %(two)s")),
    phrase(r"only: (?P<one>[^;]+); (?P<two>[^;]+); (?P<three>.+)", N_("only: %(one)s; %(two)s; %(three)s")),
    phrase(r"hours (?P<words>\d\d?:\d\d-.+)", N_("from %(words)s")),
    phrase(r"weekdays (?P<words>[a-z, ]+)", N_("on %(words)s")),
    phrase(r"mentions at least (?P<count>\d+)", N_("with %(count)s posts or more")),
    phrase(r"unacknowledged true", N_("while nobody has acknowledged it")),
    phrase(r"more severe true", N_("if it has become more severe")),
    phrase(r"more severe false", N_("unless it has become more severe")),
]
REFUSED: list[Phrase] = [
    phrase(
        r"(?:matcher: )?say what is to be silenced: a silence of everything is refused",
        N_("Say what is to be silenced: a silence of everything is refused."),
    ),
    phrase(r"(?:owner: |reason: )?a silence needs its owner and a reason", N_("Say who answers for it, and why.")),
    phrase(
        r"(?:ends_at: )?must end after it starts, in time to come, and last at most (?P<count>\d+) days",
        N_("It must end after it starts, in time to come, and last at most %(count)s days."),
    ),
    phrase(r"(?:cases: )?must be the numbers of cases", N_("Give the numbers of cases.")),
]
DUTY: list[Phrase] = [*MATRIX, *REFUSED]
