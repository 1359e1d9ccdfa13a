"""Whether a post tells that something does not work right now, by its words alone. Pure; German and English.

The first who notice an outage neither complain nor call it one: they ask whether others see it, too. That is nothing
that a desk must act upon, so nothing urgent; three of them within as many minutes are the earliest sign there is. This
reading is for counting voices only: no case, no severity and no reply depends on it.

A fault by itself is enough. A doubt (slow, stuck, a pinwheel) needs a second sign beside it: now, or the others.
"""

import re
from typing import Final

from ahocorasick_rs import AhoCorasick

_FAULT: Final = (
    # what machines say
    r"50[0-4]s?\b(?! ?(?:€|\$|euro|eur|dollar|points|people|leute|mb|gb|km|kg))",
    r"bad gateway|gateway time-?out|service unavailable|internal server error|server error|serverfehler",
    r"timeouts|tim(?:es|ed|ing|e) out|zeitüberschreitung|connection (?:lost|refused|reset|error)",
    r"(?:elevated|high|increased) (?:error|latenc)\w*|erhöhte fehler\w*|error rates?|fehlerraten?",
    # it does not work
    r"(?:is|are|'s|goes|went|gone|still|totally|completely|again) (?:down|offline)\b|down again",
    r"down (?:for|right now|since)",
    r"unreachable|unresponsive|not (?:responding|reachable|loading|working)",
    r"(?:isn.?t|aren.?t|is not|are not|stopped|quit) (?:working|loading|responding)",
    r"(?:won.?t|doesn.?t|don.?t) (?:load|work|respond|connect|start|open)",
    r"(?:can.?t|cannot|unable to|can not) (?:log|sign) ?-?(?:in|on)",
    r"(?:can.?t|cannot|unable to) (?:connect|reach|access|load)",
    r"log ?-?in (?:loops?|fails?|failed|broken)|keeps? (?:logging me out|loading|loop|crash)\w*",
    r"(?:have|has|is|are) (?:stalled|frozen|crashed|dead)",
    r"(?:ist|sind|war|wieder|komplett|alles|grad|gerade) (?:down|offline)\b|down oder\b|ausgefallen",
    r"\w+störung(?:en)?\b",
    r"störung\w*|gestört|nicht (?:mehr )?(?:erreichbar|verfügbar)|nicht zu erreichen",
    r"(?:geht|gehen|funktioniert|funktionieren|läuft|laufen|klappt|lädt|laden|tut|reagiert|antwortet|startet)"
    r" (?:[\w']+ ){0,3}?(?:nicht|nix|nichts|ned|net|nimmer|nimma)\b",
    r"keine? (?:verbindung|anmeldung|login)|nicht (?:einloggen|anmelden|rein)",
    r"komm\w* (?:\w+ ){0,3}?(?:nicht|ned|net|nicht mehr) (?:mehr )?rein",
    r"(?:keiner kommt|kommt \w* ?keiner) rein|alle ausgeloggt|\b(?:load|lädt)\w*(?: (?:and|und) (?:load|lädt)\w*)+",
    r"(?:lädt|lade|hängt|dreht sich|kreist) (?:ewig|endlos|seit|im kreis)|im kreis",
)
_DOUBT: Final = (
    r"\bslow\w*|sluggish|lagg\w+|\blags?\b|degraded|intermittent|unstable|flaky|wobbl\w+|hiccup\w*",
    r"spinn(?:er|ers|ing)|pinwheel|stuck|frozen|freez\w+|hang(?:s|ing)|crash\w*|stall\w*|broken|\bdead\b",
    r"\bdown\b|offline",
    r"\bzäh\w*|\blahm\w*|(?:zu|extrem|sehr|total|mega|ewig|elend|arsch|unglaublich)[ -]?langsam\w*|träge",
    r"ruckel\w*|hakt|hakelig|häng(?:t|en)|spinnt|spinnen|kaputt|\btot\b|zickt",
    r"kringel|sanduhr|schluckauf|wackel\w*|abgestürzt|stürzt ab|problem\w*|issue\w*|trouble|outages?",
    r"errors?\b|fehler\b",
    r"\w*ausfall|\w*ausfälle",
)
_NOW: Final = (
    r"right now|just now|at the moment|currently|since (?:\d|a few|this morning|about)|(?:minutes|mins) ago",
    r"this morning",
    r"\bgerade\b|\bgrad\b|\bgrade\b|\bjetzt\b|\baktuell\b|\bmomentan\b|im moment",
    r"\bseit (?:\d|ein paar|heute|eben|kurzem)",
)
_OTHERS: Final = (
    r"any(?:one|body) else|(?:just|only) (?:me|us)\b|is it (?:just )?(?:me|us)\b|or is it\b",
    r"(?:same|happening) here|\bhere too\b|me too\b|(?:for )?every(?:one|body)\?",
    r"status ?page|statusseite|nur (?:ich|wir|bei mir|bei uns)\b",
    r"(?:bei mir|bei uns|hier) (?:auch|aa|a|ebenso)\b|(?:sonst )?noch (?:wer|jemand|einer)\b",
    r"oder (?:ist|liegt) (?:das|es|'s)|liegt(?:'?s| es| das) an (?:mir|uns)|bei euch auch",
    r"geht'?s? (?:das )?(?:bei|nur)",
)
# Over, elsewhere or long ago: it tells of an outage, and nobody is in one.
_OVER: Final = (
    r"(?:works?|working|back|up|online|fine|running) again|back (?:up|online|to normal)|is back\b|fixed",
    r"resolved|was down|(?:last|yesterday'?s?) (?:week|month|year|outage)",
    r"(?:geht|gehen|läuft|funktioniert|klappt|tut|online|erreichbar) (?:\w+ )?(?:wieder|wieda)\b",
    r"wieder (?:da|drin|online|gut|erreichbar|normal)|behoben|gefixt|gelöst|gestern|letzte (?:woche|monat)",
    r"\b(?:after|since|nach|seit) (?:the|that|dem|der) ",
    r"\b(?:vom|beim|during the|was in the|the) (?:\w+ )?(?:outage|ausfall)",
    r"no (?:outages?|downtime|issues|problems|errors)",
    r"(?:keine|ohne|(?:noch )?nie eine) (?:störung|ausf|probleme|fehler)\w*|never (?:down|goes down)",
)


def _any(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})")


_FAULTS, _DOUBTS, _NOWS, _OTHERS_TOO, _OVERS = map(_any, (_FAULT, _DOUBT, _NOW, _OTHERS, _OVER))
# Without one of these there is no fault, or no doubt: nearly no post has any, which one look at all of them tells.
_OF_FAULTS: Final = (
    *("500", "501", "502", "503", "504", "gateway", "unavailable", "server error", "timeouts", "s out", "d out"),
    *("ing out", "me out", "überschreitung", "connection ", "error", "latenc", "fehler", "down", "offline"),
    *("unresponsive", " responding", " loading", " working", "t load", "t work", "t respond", "t connect", "t start"),
    *("t open", "t log", "t sign", "o log", "o sign", "t reach", "t access", "o connect", "o reach", "o access"),
    *("o load", "in loop", "in fail", "in broken", "keep loop", "keeps loop", "crash", "stalled", "frozen", " dead"),
    *("ausgefallen", "störung", "gestört", "erreichbar", "verfügbar", "zu erreichen", "geht ", "gehen ", "funktionier"),
    *("läuft ", "laufen ", "klappt ", "lädt ", "laden ", "tut ", "reagiert ", "antwortet ", "startet ", "verbindung"),
    *("anmeld", "login", "einloggen", " rein", "ausgeloggt", "d load", "d lädt", "lade ", "hängt ", "dreht sich "),
    *("reachable", "kreist ", "im kreis"),
)
_OF_DOUBTS: Final = (
    *("slow", "sluggish", "lag", "degraded", "intermittent", "unstable", "flaky", "wobbl", "hiccup", "spinn"),
    *("pinwheel", "stuck", "frozen", "freez", "hangs", "hanging", "crash", "stall", "broken", "dead", "down"),
    *("offline", "zäh", "lahm", "langsam", "träge", "ruckel", "hak", "hängt", "hängen", "kaputt", "tot", "zickt"),
    *("kringel", "sanduhr", "schluckauf", "wackel", "abgestürzt", "stürzt ab", "problem", "issue", "trouble"),
    *("outage", "error", "fehler", "ausf"),
)
_SIGNS: Final = AhoCorasick([*_OF_FAULTS, *_OF_DOUBTS])
_LONG = 600  # who notices something writes briefly; an essay mentions everything


def tells_of_trouble(text: str) -> bool:
    """Whether somebody says here that something is not working, or seems not to."""
    said = text[:_LONG].casefold().replace("’", "'")
    signs = [sign for sign, *_ in _SIGNS.find_matches_as_indexes(said, overlapping=True)]
    if not signs:
        return False
    fault = min(signs) < len(_OF_FAULTS) and _FAULTS.search(said)
    doubt = max(signs) >= len(_OF_FAULTS) and (_NOWS.search(said) or _OTHERS_TOO.search(said)) and _DOUBTS.search(said)
    return bool(fault or doubt) and not _OVERS.search(said)
