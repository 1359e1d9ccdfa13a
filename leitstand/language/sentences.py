"""Says the stages' English sentences (timelines, reasons, refusals) in another language.

The stages write one sentence into the case, for ever. Each kind of sentence is a pattern with its message, in
`phrases*`; what a pattern captures is itself translated where it is a known word, sentence or list of them, and kept as
it is where it is not (names, numbers, what people wrote). A sentence that no pattern knows stays English.
"""

import re
from collections.abc import Callable
from functools import partial

from leitstand.language.catalogue import Language, translations
from leitstand.language.index import by_first_letter
from leitstand.language.phrases import PHRASES, Phrase
from leitstand.language.phrases_cases import CASES
from leitstand.language.phrases_duty import DUTY
from leitstand.language.phrases_listening import LISTENING
from leitstand.language.phrases_notices import EFFECTS, NOTICES, OURS, TITLES
from leitstand.language.phrases_refused import REFUSED
from leitstand.language.words import KINDS, LABELS, N_, SPOKEN

Gettext = Callable[[str], str]
_WORDS = frozenset({*LABELS.values(), *KINDS.values(), *SPOKEN.values(), *(N_("low"), N_("major"))})
_SEVERITIES = {value.lower().replace(" ", ""): value for value in ("Sev 1", "Sev 2", "Sev 3", "Sev 4")}
_DEEPEST = 9
_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?")
_POINTS = N_(",.")  # between thousands, and before what is less than one
# What people wrote or named is never translated, and times are told alike.
_KEPT = frozenset({"words", "more_words", "target", "whom", "channel", "hours", "at", "until", "on"})
_SPAN = re.compile(r"(?:\d+[dhms])+")
_UNITS = N_("d h min s")
_QUOTED = N_("“%(words)s”")
_CUE = re.compile(r"“(.*?)”(?=(?: \([^()]*\))?(?:, |$))", re.DOTALL)
_AT_TARGET = N_("%(words)s at %(target)s")
_ELSEWHERE = re.compile(r"(?P<words>.+) at (?P<target>\S+)", re.DOTALL)
_JUDGED = ("urgency ", "severity ", "rule “")
_REASON = re.compile(r"; (?=urgency \w+(?:[:;]|$)|severity sev\d|rule “)")
_EFFECT = re.compile(r", (?=(?:severity|team|tags|policy|SLA) |opens a case|held for a person)")

ALL: tuple[Phrase, ...] = (*OURS, *PHRASES, *DUTY, *CASES, *LISTENING, *NOTICES, *REFUSED)
_BY_FIRST, _ANY = by_first_letter(ALL)


def speaker(language: Language) -> Gettext:
    """Says the stages' sentences in a language. English is how they are written."""
    return str if language == "en" else partial(translate, gettext=translations(language).gettext)


def titler(language: Language) -> Gettext:
    """Says in a language what an escalation is called where nobody has named it; a name that people gave stays."""
    return str if language == "en" else partial(_title, gettext=translations(language).gettext, depth=0)


def sentences_of(sentence: str) -> list[str]:
    """The sentences of one that tells several reasons; else itself."""
    return _REASON.split(sentence) if sentence.startswith(_JUDGED) else [sentence]


def translate(sentence: str, gettext: Gettext, depth: int = 0) -> str:
    """The sentence in the language of `gettext`; itself where it has no other."""
    if len(one_by_one := sentences_of(sentence)) > 1:
        return "; ".join(translate(one, gettext, depth) for one in one_by_one)
    for needed, pattern, message in _BY_FIRST.get(sentence[:1], _ANY):
        if needed in sentence and (found := pattern.fullmatch(sentence)):
            return _said(found, message, gettext, depth)
    return sentence


def _said(found: re.Match[str], message: str, gettext: Gettext, depth: int) -> str:
    said = {name: _part(name, value, gettext, depth) for name, value in found.groupdict().items()}
    return (gettext(message) % said).strip()


def _part(name: str, value: str | None, gettext: Gettext, depth: int) -> str:
    if value is None:
        return ""
    if name in _KEPT:
        return value
    if name == "span":
        return _span(value, gettext)
    if name == "policy":
        return gettext(_SEVERITIES[value]) if value in _SEVERITIES else value
    if name == "ours":
        return translate(f"{value} by leitstand", gettext, depth)
    if name == "who":
        return _who(value, gettext, depth)
    if name == "title":
        return _title(value, gettext, depth)
    if name == "cues":
        quoted = gettext(_QUOTED)
        return _CUE.sub(lambda m: quoted % {"words": m[1]}, value)
    if name == "granted":
        return ", ".join(_inner(part, gettext, depth) for part in value.split(", "))
    if name == "effects":
        return ", ".join(_effect(part, gettext, depth) for part in _EFFECT.split(value))
    if name == "clocks":
        return re.sub(r"\(([^)]*)\)", lambda m: f"({_inner(m[1], gettext, depth)})", value)
    if _NUMBER.fullmatch(value):
        return value.translate(str.maketrans(",.", gettext(_POINTS)))
    return _inner(value, gettext, depth)


def _span(said: str, gettext: Gettext) -> str:
    """A length of time as pages write it: `1d3h` as `1 d 3 h`."""
    if not _SPAN.fullmatch(said):
        return said
    units = dict(zip("dhms", gettext(_UNITS).split(), strict=True))
    return " ".join(f"{count} {units[unit]}" for count, unit in re.findall(r"(\d+)([dhms])", said))


def _title(said: str, gettext: Gettext, depth: int) -> str:
    titles = ((pattern.fullmatch(said), message) for pattern, message in TITLES)
    return next((_said(found, message, gettext, depth) for found, message in titles if found), said)


def _who(said: str, gettext: Gettext, depth: int) -> str:
    """A name, or one at a target."""
    found = _ELSEWHERE.fullmatch(said)
    return gettext(_AT_TARGET) % found.groupdict() if found else _inner(said, gettext, depth)


def _effect(said: str, gettext: Gettext, depth: int) -> str:
    what, _, name = said.partition(" ")
    return gettext(EFFECTS[what]) % {"words": name} if what in EFFECTS else _inner(said, gettext, depth)


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
