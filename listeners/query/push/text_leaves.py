"""What a plain text search can be asked for one leaf: words and phrases, no field but what is known beforehand."""

from listeners.query.push import keywords
from listeners.query.push.keywords import Spell
from listeners.query.push.widen import EVERYTHING, NOTHING, All, Any, Atom, Leaf, Pushed, all_of, any_of
from listeners.query.tree import Channel, Exact, Node, Term
from listeners.query.words import Kind


def leaf_of(channel: str, spell: Spell) -> Leaf:
    """The reading of leaves for posts of this channel."""

    def leaf(node: Node, negated: bool) -> Pushed:
        if isinstance(node, Channel):
            return EVERYTHING if (channel.casefold() in node.names) is not negated else NOTHING
        if negated:
            return EVERYTHING
        if isinstance(node, Exact):
            return keywords.of_exact(node)
        if not isinstance(node, Term) or any(word.kind is Kind.EMOJI for word in node.words):
            return EVERYTHING
        return _without_signs(keywords.of_term(node, spell))

    return leaf


def _without_signs(pushed: Pushed) -> Pushed:
    """Only what holds a letter or a digit can be searched for."""
    match pushed:
        case Atom(text=text):
            return pushed if any(char.isalnum() for char in text) else EVERYTHING
        case All(parts=parts):
            return all_of(map(_without_signs, parts))
        case Any(parts=parts):
            return any_of(map(_without_signs, parts))
    return pushed
