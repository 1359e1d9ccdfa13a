"""To whom a post is told: to a desk, or to the world — news, advertisements, status posts, an agent's own replies."""

import re

from nlp.folding import LINK
from nlp.reading import Reading

_ENDS_IN_LINK = re.compile(rf"{LINK}{{8,}}[\s…]*$")
_LONG = 60
_WORDS_PER_PERSON = 40


def is_broadcast(reading: Reading) -> bool:
    """The post is told to the world, so nobody waits for an answer to it."""
    return reading.remembered("broadcast", _is_broadcast)


def _is_broadcast(reading: Reading) -> bool:
    context = reading.groups("context")
    if reading.text.startswith("rt "):
        return "rescue" not in reading.groups("urgency")
    if _is_article(reading):
        return True
    ours = "plural" in context and not context & {"status", "agent"}  # an operator says "we" of itself
    personal = ours or "personal" in context or "?" in reading.text
    if personal and "desk" in context:
        return False
    if not personal and ("agent" in context or ("status" in context and not reading.addressed)):
        return True
    return not reading.addressed and (bool(context & {"news", "ad"}) or _is_headline(reading, context))


def is_voiced(reading: Reading) -> bool:
    """Somebody speaks; a bare "lift 3 is out of order" is a notice board."""
    if reading.addressed or reading.groups("context") & {"personal", "plural", "you"}:
        return True
    return "?" in reading.text or "!" in reading.text or bool(reading.groups("sentiment") & {"emoji", "ironic"})


def _is_headline(reading: Reading, context: frozenset[str]) -> bool:
    """Ends in a link, and nobody in it says "I" or "you"."""
    return _ENDS_IN_LINK.search(reading.text) is not None and not context & {"personal", "plural", "you"}


def _is_article(reading: Reading) -> bool:
    """Long, to nobody, and hardly ever "I" or "you"."""
    words = reading.text.count(" ")
    if words < _LONG or reading.addressed:
        return False
    persons = sum(hit.cue.group in ("personal", "plural", "you") for hit in reading.of("context"))
    return persons * _WORDS_PER_PERSON < words
