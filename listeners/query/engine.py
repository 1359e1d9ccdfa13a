"""All watchlists' queries against one post at once.

    post ──fold──► haystack ──one Aho-Corasick pass──► clauses satisfied ──bits──► candidates
         ──coarse tree──► hopeful ──plainly there?──► names
                                  ──else words, exact tree──► names

Most posts have no candidate and are never split into words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from ahocorasick_rs import AhoCorasick

from leitstand.model import Mention
from listeners.query.anchors import ADDRESS, AUTHOR, Clause, clauses, likelihood
from listeners.query.coarse import Sieve, sieve
from listeners.query.document import MAX_SEARCHED, Document
from listeners.query.evaluate import Test, compile_test
from listeners.query.proof import Proof, plain, proof
from listeners.query.text import fold
from listeners.query.tree import And, Author, Near, Node, Not, Or, Site, Url

# A query is held to its most telling clauses, as many as it takes to be rare: each one more is a bit and common words.
RARE = 1e-4
CLAUSES = 3


# An anchor of so few clauses lists them; one of more is a number with their bits, which is quicker and larger.
FEW = 4


class _Query:
    """One query, each form of it compiled when it is first asked: of thousands most are never near a match."""

    def __init__(self, name: str, node: Node) -> None:
        self.name = name
        self._node = node

    @cached_property
    def test(self) -> Test:
        return compile_test(self._node)

    @cached_property
    def sieve(self) -> Sieve | None:
        return sieve(self._node)

    @cached_property
    def proof(self) -> Proof | None:
        return proof(self._node)


class Engine:
    """The compiled form of a set of queries. Safe to share between threads."""

    def __init__(self, queries: Mapping[str, Node], detect: Callable[[str], str] | None = None) -> None:
        """`detect` names the language of a text whose network declares none, "unknown" where it cannot."""
        self._detect = detect
        self._queries = [_Query(name, node) for name, node in queries.items()]
        self._authors = any(_has(node, Author) for node in queries.values())
        self._addresses = any(_has(node, Site, Url) for node in queries.values())
        self._first_clauses = (1 << len(queries)) - 1
        self._shifts = [number * len(queries) for number in range(1, CLAUSES)]
        chosen = [_telling(clauses(node)) for node in queries.values()]
        clauses_of = _clauses_of(chosen)
        self._few = [places if len(places) <= FEW else () for places in clauses_of.values()]
        self._many = [0 if len(places) <= FEW else _as_bits(places) for places in clauses_of.values()]
        self._free = _free(chosen)
        self._always = self._candidates(self._free)
        self._automaton = AhoCorasick(list(clauses_of))

    def match(self, mention: Mention) -> list[str]:
        """The names of the queries that a post matches, in the order they were given."""
        haystack = self._haystack(mention)
        hits = {hit[0] for hit in self._automaton.find_matches_as_indexes(haystack, overlapping=True)}
        if not hits and not self._always:
            return []
        candidates = self._candidates(self._satisfied(hits))
        hopeful = self._hopeful(candidates, haystack) if candidates else []
        if not hopeful:
            return []
        document = Document(mention, self._detect)
        shown = plain(document)
        return [
            query.name
            for query in hopeful
            if (query.proof and query.proof(haystack, shown, document)) or query.test(document)
        ]

    def _satisfied(self, hits: set[int]) -> int:
        """The bits of all clauses that some anchor satisfies."""
        satisfied = self._free
        for hit in hits:
            satisfied |= self._many[hit]
            for place in self._few[hit]:
                satisfied |= 1 << place
        return satisfied

    def _hopeful(self, candidates: int, haystack: str) -> list[_Query]:
        found = (self._queries[index] for index in _set_bits(candidates))
        return [query for query in found if query.sieve is None or query.sieve(haystack)]

    def match_naively(self, mention: Mention) -> list[str]:
        """The same answer without the one pass: every query's tree, one after the other."""
        document = Document(mention, self._detect)
        return [query.name for query in self._queries if query.test(document)]

    def _haystack(self, mention: Mention) -> str:
        haystack = f" {fold(mention.text[:MAX_SEARCHED])} "
        if mention.title:
            haystack += f" {fold(mention.title[:MAX_SEARCHED])} "
        if self._authors:
            haystack += f"{AUTHOR}{fold(mention.author.handle.strip().removeprefix('@'))} "
        if self._addresses:
            haystack += f"{ADDRESS} {fold(' '.join((mention.url, *mention.links)))} "
        return haystack

    def _candidates(self, satisfied: int) -> int:
        """The queries of which every clause is satisfied."""
        candidates = satisfied & self._first_clauses
        for shift in self._shifts:
            candidates &= satisfied >> shift
        return candidates


def _telling(found: list[Clause]) -> list[Clause]:
    kept: list[Clause] = []
    let_through = 1.0
    for clause in sorted(found, key=likelihood):
        if len(kept) == CLAUSES or let_through < RARE:
            break
        kept.append(clause)
        let_through *= likelihood(clause)
    return kept


def _clauses_of(chosen: list[list[Clause]]) -> dict[str, list[int]]:
    """For each anchor the clauses it satisfies: `number * queries + query`."""
    found: dict[str, list[int]] = {}
    for query, of_query in enumerate(chosen):
        for number, clause in enumerate(of_query):
            for anchor in clause:
                found.setdefault(anchor, []).append(number * len(chosen) + query)
    return found


def _as_bits(places: Sequence[int]) -> int:
    """A number with these bits."""
    buffer = bytearray(max(places) // 8 + 1)
    for place in places:
        buffer[place // 8] |= 1 << place % 8
    return int.from_bytes(buffer, "little")


def _free(chosen: list[list[Clause]]) -> int:
    """The bits of clauses that queries do not have: satisfied from the start."""
    free = [
        number * len(chosen) + query
        for query, of_query in enumerate(chosen)
        for number in range(len(of_query), CLAUSES)
    ]
    return _as_bits(free) if free else 0


def _set_bits(number: int) -> Iterator[int]:
    while number:
        lowest = number & -number
        yield lowest.bit_length() - 1
        number ^= lowest


def _has(node: Node, *kinds: type) -> bool:
    if isinstance(node, And | Or):
        return any(_has(child, *kinds) for child in node.children)
    if isinstance(node, Near):
        return False
    return _has(node.child, *kinds) if isinstance(node, Not) else isinstance(node, kinds)
