"""The operator's watchlists, compiled: which a post matches, and whether one of the brand's own accounts wrote it."""

from collections.abc import Callable, Iterable

from leitstand.errors import Problem, QueryError
from leitstand.model import Mention
from leitstand.settings import Settings, Watchlist
from listeners.query.engine import Engine
from listeners.query.parser import parse
from listeners.query.tree import And, Language, Node


class Watchlists:
    """All watchlists of a configuration as one matcher. Safe to share between threads."""

    def __init__(self, settings: Settings, detect: Callable[[str], str] | None = None) -> None:
        """`detect` names the language of a text whose network declares none. Raises QueryError."""
        self._engine = Engine(trees(settings), detect)
        self._own = frozenset(_account(a) for a in settings.brand.own_accounts)

    def match(self, mention: Mention) -> tuple[str, ...]:
        """The names of the watchlists it matches, in the order of the file."""
        return tuple(self._engine.match(mention))

    def is_own(self, mention: Mention) -> bool:
        """Whether one of the brand's own accounts wrote it, known by its handle or its id, or by the network's word."""
        author = mention.author
        if author.own or not self._own:
            return author.own
        return any(_account(f"{mention.channel}:{who}") in self._own for who in (author.handle, author.id) if who)


def trees(settings: Settings) -> dict[str, Node]:
    """Each watchlist's query, its languages included, by its name. Raises QueryError."""
    return {watchlist.name: _tree(watchlist) for watchlist in settings.watchlists}


def problems(settings: Settings) -> Iterable[Problem]:
    """Every watchlist query that cannot be used, with the place marked under it."""
    for index, watchlist in enumerate(settings.watchlists):
        try:
            parse(watchlist.query)
        except QueryError as error:
            yield Problem(f"watchlists.{index}.query", f"{error}\n{marked(watchlist.query, error)}")


def marked(query: str, error: QueryError) -> str:
    """The line of the query that the error is in, with carets under the wrong part."""
    first = query.rfind("\n", 0, error.start) + 1
    last = query.find("\n", error.start)
    line = query[first : last if last >= 0 else len(query)]
    offset = error.start - first
    left = max(0, offset - 50)
    width = max(1, min(error.end - error.start, len(line) - offset, 60))
    return f"    {line[left : offset + 70].replace(chr(9), ' ')}\n    {' ' * (offset - left)}{'^' * width}"


def _tree(watchlist: Watchlist) -> Node:
    node = parse(watchlist.query)
    if not watchlist.languages:
        return node
    codes = tuple(language.partition("-")[0].casefold() for language in watchlist.languages)
    return And((node, Language(codes, node.start, node.end)), node.start, node.end)


def _account(account: str) -> str:
    channel, _, who = account.partition(":")
    return f"{channel}:{who.strip().removeprefix('@').casefold()}"
