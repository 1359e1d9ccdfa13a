"""X: rules of the filtered stream, queries of the recent search, and the smallest change of the rules on the server.

A keyword of X is compared word by word, in any case; it also matches the word in a tag or a mention. The stream
compares accents, so that a term becomes all its spellings; the search folds them. X has no filter for wildcards, url:,
followers:, has:link, scripts without blanks and emoji of several people. Words are never excluded there, since X also
looks at the post that is quoted. What hides its letters (zero-width or full-width characters, #one#two) X does not see.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from listeners.query.push import spellings
from listeners.query.push.keywords import Spell
from listeners.query.push.rendering import Syntax, fit, fit_exactly
from listeners.query.push.widen import NOTHING, Whole, selects, widen
from listeners.query.push.x_leaves import leaf_of
from listeners.query.tree import Node

TAG = "leitstand:"
STREAM = Syntax(" ", " OR ", 1024)
SEARCH = Syntax(" ", " OR ", 512)
MOST_RULES = 1000
MOST_SEARCHES = 10

_NO_FILTER = "each branch needs a whole word, phrase, tag, mention, emoji or author that X can look for"
_NO_ROOM = "it needs more rules than are left; make it shorter"


class Rule(NamedTuple):
    """One rule of the stream."""

    tag: str
    value: str


class Changes(NamedTuple):
    """What makes the server's rules the wanted ones: rules to add, then ids to delete."""

    add: tuple[Rule, ...]
    delete: tuple[str, ...]


def rules(watchlists: Mapping[str, Node], *, channel: str = "x", limit: int = MOST_RULES) -> list[Rule]:
    """The stream's rules for all watchlists, values unique. Those that X has no rule for are in `unheard`."""
    found: dict[str, Rule] = {}
    for name, values in _shared_out(watchlists, channel, limit).items():
        for value in values or ():
            found.setdefault(value, Rule(_tag_of(name, value), value))
    return list(found.values())


def unheard(watchlists: Mapping[str, Node], *, channel: str = "x", limit: int = MOST_RULES) -> dict[str, str]:
    """The watchlists that X cannot be asked for, each with the reason in a sentence."""
    missing = [name for name, values in _shared_out(watchlists, channel, limit).items() if values is None]
    return {name: _NO_FILTER if rules_of(watchlists[name], channel=channel) is None else _NO_ROOM for name in missing}


def serving(
    watchlists: Mapping[str, Node], *, channel: str = "x", limit: int = MOST_RULES
) -> dict[str, frozenset[str]]:
    """The watchlists that each rule is for, by its tag, and each search: one may serve several."""
    tags: dict[str, str] = {}
    found: dict[str, set[str]] = {}
    for name, values in _shared_out(watchlists, channel, limit).items():
        for value in values or ():
            found.setdefault(tags.setdefault(value, _tag_of(name, value)), set()).add(name)
    for name, node in watchlists.items():
        for query in searches_of(node, channel=channel) or ():
            found.setdefault(query, set()).add(name)
    return {what: frozenset(names) for what, names in found.items()}


def _shared_out(watchlists: Mapping[str, Node], channel: str, limit: int) -> dict[str, list[str] | None]:
    """Each watchlist takes what it needs, so long as every one after it is left a fair share."""
    found: dict[str, list[str] | None] = {}
    for place, (name, node) in enumerate(watchlists.items()):
        found[name] = values = rules_of(node, channel=channel, most=max(1, limit // (len(watchlists) - place)))
        limit -= len(values or ())
    return found


def rules_of(node: Node, *, channel: str = "x", most: int = MOST_RULES) -> list[str] | None:
    """The rules for one query, at most so many; None where X has no filter that loses nothing.

    If it takes too many, first the rarer accents are left out, then conditions that are checked here anyway.
    """
    return _queries(node, channel, STREAM, most, (spellings.accented, spellings.german))


def searches(watchlists: Mapping[str, Node], *, channel: str = "x") -> list[str]:
    """Queries of the recent search for all watchlists, each once."""
    found = (searches_of(node, channel=channel) or [] for node in watchlists.values())
    return list(dict.fromkeys(query for queries in found for query in queries))


def searches_of(node: Node, *, channel: str = "x") -> list[str] | None:
    """The recent search's queries for one watchlist; None where X has no filter that loses nothing."""
    return _queries(node, channel, SEARCH, MOST_SEARCHES, (spellings.folded,))


def _queries(node: Node, channel: str, syntax: Syntax, most: int, spelled: tuple[Spell, ...]) -> list[str] | None:
    for spell in spelled:
        pushed = widen(node, leaf_of(channel, spell))
        if isinstance(pushed, Whole) or not selects(pushed):
            return [] if pushed is NOTHING else None
        found = (fit if spell is spelled[-1] else fit_exactly)(pushed, syntax, most)
        if found is not None:
            return found
    return None


def diff(have: Iterable[tuple[str, str, str]], want: Iterable[Rule]) -> Changes:
    """The smallest change of the server's rules (id, tag, value). Rules that are not ours are left alone.

    X holds a rule only once, whatever its tag: one that somebody else has set brings its posts to us as well.
    """
    have = list(have)
    theirs = {value for _, tag, value in have if not tag.startswith(TAG)}
    missing = dict.fromkeys(rule for rule in want if rule.value not in theirs)
    surplus: list[str] = []
    for rule_id, tag, value in have:
        if Rule(tag, value) in missing:
            del missing[Rule(tag, value)]
        elif tag.startswith(TAG):
            surplus.append(rule_id)
    return Changes(tuple(missing), tuple(surplus))


def _tag_of(name: str, value: str) -> str:
    return f"{TAG}{name[:60]}:{hashlib.sha256(value.encode()).hexdigest()[:8]}"
