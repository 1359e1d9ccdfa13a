"""Mastodon: nothing but hashtags can be followed, one stream each. The server folds case and accents, but not ß or æ.
A query that asks for anything else than tags needs the public stream, of which all is checked here."""

from collections.abc import Mapping

from listeners.query.push import spellings
from listeners.query.push.normal import choices
from listeners.query.push.widen import EVERYTHING, NOTHING, Atom, Leaf, Pushed, any_of, widen
from listeners.query.tree import Channel, Node, Term, Word
from listeners.query.words import Kind


def leaf(channel: str) -> Leaf:
    """What can be asked for one leaf."""

    def ask(node: Node, negated: bool) -> Pushed:
        match node:
            case Channel(names=names):
                return EVERYTHING if (channel.casefold() in names) is not negated else NOTHING
            case Term(words=(Word(kind=Kind.TAG) as tag, *_)) if not negated and _can_be_followed(tag):
                return any_of(Atom(spelled) for spelled in spellings.folded(tag.literal))
        return EVERYTHING

    return ask


def _can_be_followed(tag: Word) -> bool:
    """A tag of digits only is none there."""
    return not tag.wild and any(char.isalpha() for char in tag.literal)


def hashtags_of(node: Node, *, channel: str = "mastodon") -> list[str] | None:
    """Tags of which every matching post carries one; None where there are no such tags."""
    return choices(widen(node, leaf(channel)))


def hashtags(watchlists: Mapping[str, Node], *, channel: str = "mastodon") -> list[str]:
    """The tags to follow for all watchlists, each once."""
    found = (hashtags_of(node, channel=channel) or [] for node in watchlists.values())
    return list(dict.fromkeys(tag for tags in found for tag in tags))


def unheard(watchlists: Mapping[str, Node], *, channel: str = "mastodon") -> dict[str, str]:
    """The watchlists that need the public stream, each with the reason in a sentence."""
    return {
        name: "only hashtags can be followed; this needs the public stream"
        for name, node in watchlists.items()
        if hashtags_of(node, channel=channel) is None
    }
