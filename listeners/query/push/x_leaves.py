"""What X can be asked for one leaf of a query. `channel:`, `is:` and `site:` are often known: all of X, or none."""

import re

from listeners.query.push import keywords
from listeners.query.push.keywords import Spell
from listeners.query.push.widen import EVERYTHING, NOTHING, Any, Atom, Leaf, Pushed, all_of, any_of
from listeners.query.tree import Author, Channel, Exact, Has, Is, Language, Node, Site, Term
from listeners.query.words import Kind

# Where X says something else than ISO 639-1, and what it knows at all.
_CODES = {"he": "iw", "id": "in"}
_KNOWN = frozenset({
    "am", "ar", "bg", "bn", "bo", "ca", "ckb", "cs", "cy", "da", "de", "dv", "el", "en", "es", "et", "eu", "fa", "fi",
    "fr", "gu", "hi", "ht", "hu", "hy", "in", "is", "it", "iw", "ja", "ka", "km", "kn", "ko", "lo", "lt", "lv", "ml",
    "mr", "my", "ne", "nl", "no", "or", "pa", "pl", "ps", "pt", "ro", "ru", "sd", "si", "sk", "sl", "sr", "sv", "ta",
    "te", "th", "tl", "tr", "ug", "uk", "ur", "vi", "zh",
})  # fmt: skip
# Words that may not stand alone in a rule.
_STOP_WORDS = frozenset({
    "a", "an", "and", "at", "but", "by", "com", "from", "http", "https", "if", "in", "is", "it", "its", "me", "my",
    "or", "rt", "the", "this", "to", "too", "via", "we", "www", "you",
})  # fmt: skip
_HOSTS = ("x.com", "twitter.com")
_KINDS = {"repost": "is:retweet", "reply": "is:reply", "quote": "is:quote"}
_handle = re.compile(r"\w{1,15}", re.ASCII)
_cash = re.compile(r"[A-Za-z]{1,6}")
_tag = re.compile(r"\w*[^\W\d_]\w*")


def leaf_of(channel: str, spell: Spell) -> Leaf:
    """The reading of leaves for posts of this channel."""

    def leaf(node: Node, negated: bool) -> Pushed:
        if isinstance(node, Channel):
            return EVERYTHING if (channel.casefold() in node.names) is not negated else NOTHING
        return _without(node) if negated else _with(node, spell)

    return leaf


def _with(node: Node, spell: Spell) -> Pushed:
    match node:
        case Term():
            return _term(node, spell)
        case Exact():
            return _alone(keywords.of_exact(node))
        case Language(codes=codes):
            return any_of(_language(code) for code in codes)
        case Author():
            return _author(node)
        case Is(kind=kind):
            return _kind(kind)
        case Has(what="media"):
            return Atom("has:media", selects=False)
        case Site(host=host):
            ours = any(own == host or own.endswith("." + host) or host.endswith("." + own) for own in _HOSTS)
            return EVERYTHING if ours else NOTHING
    return EVERYTHING


def _without(node: Node) -> Pushed:
    """Only what X says in the very words that we compare can be excluded there."""
    match node:
        case Language(codes=codes) if _KNOWN.issuperset(_CODES.get(code, code) for code in codes):
            return all_of(Atom(f"-lang:{_CODES.get(code, code)}", selects=False) for code in codes)
        case Author(pieces=(str() as handle,)) if _handle.fullmatch(handle):
            return Atom(f"-from:{handle.lower()}", selects=False)
        case Is(kind="repost"):
            return Atom("-is:retweet", selects=False)
    return EVERYTHING


def _language(code: str) -> Pushed:
    """A language that X never names is nowhere: but its list may grow, so everything."""
    own = _CODES.get(code, code)
    return Atom(f"lang:{own}", selects=False) if own in _KNOWN else EVERYTHING


def _author(node: Author) -> Pushed:
    if len(node.pieces) > 1:
        return EVERYTHING
    handle = str(node.pieces[0])
    return Atom(f"from:{handle.lower()}") if _handle.fullmatch(handle) else NOTHING


def _kind(kind: str) -> Pushed:
    """What a post is. A question is any post with a question mark."""
    if kind == "question":
        return EVERYTHING
    if kind == "post":
        return all_of(Atom(f"-{operator}", selects=False) for operator in _KINDS.values())
    return Atom(_KINDS[kind], selects=False) if kind in _KINDS else NOTHING


def _term(term: Term, spell: Spell) -> Pushed:
    word = term.words[0]
    if len(term.words) > 1 or word.wild:
        return _alone(keywords.of_term(term, spell))
    if word.kind is Kind.MENTION and _handle.fullmatch(word.literal):
        return Atom(f"@{word.literal.lower()}")
    if word.kind is Kind.CASH and _cash.fullmatch(word.literal):
        return Atom(f"${word.literal.upper()}")
    if word.kind is Kind.TAG and _tag.fullmatch(word.literal):
        return any_of(Atom(f"#{one}") for one in spell(word.literal))
    return _alone(keywords.of_term(term, spell))


def _alone(pushed: Pushed) -> Pushed:
    """Keywords; a stop word is one, but needs company."""
    match pushed:
        case Atom(text=text):
            return Atom(text, selects=text.strip('"') not in _STOP_WORDS)
        case Any(parts=parts):
            return any_of(_alone(part) for part in parts)
    return pushed
