"""The heart: which case each mention of a batch opens, joins or leaves alone. Pure: it touches nothing.

    same conversation → same author and watchlist within the window → a new case, if it is worth one

Mentions are taken in the order in which they were written, each seeing the cases that those before it opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leitstand.model import Assessment, MatchedMention
from triage.grouping import author_keys, conversation_keys, identity
from triage.judgement import Judgement, judge
from triage.policy import Policy

Item = tuple[MatchedMention, Assessment]


class Move(StrEnum):
    """What becomes of a mention."""

    OPEN = "open"  # a new case
    JOIN = "join"  # one more mention of a case
    ANSWER = "answer"  # an own account's post in a case's conversation
    SKIP = "skip"  # kept off a case whose conversation it is in
    IGNORE = "ignore"  # no case


@dataclass(frozen=True, slots=True)
class Held:
    """Who holds a key: the case, its author's identity, and when the key's last post was written."""

    case: int
    owner: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one mention, and of the keys: those the case `takes`, `touches` (it has them) and `releases`.

    `case` is 0 where there is none, and -1, -2 … for the cases that the batch opens, in order. `by` is the key by which
    it joined; `earlier` is the ended case that had the same conversation, 0 if none.
    """

    item: MatchedMention
    assessment: Assessment
    judgement: Judgement
    move: Move
    case: int = 0
    by: str = ""
    takes: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    releases: tuple[str, ...] = ()
    earlier: int = 0


def keys_of(items: Iterable[Item]) -> list[str]:
    """Every key that may matter to a batch."""
    return sorted({key for item, _ in items for key in _conversation(item) + _author(item, item.watchlists)})


def decide(
    items: Sequence[Item], held: Mapping[str, Held], policy: Policy, earlier: Mapping[str, int] | None = None
) -> list[Decision]:
    """One decision a mention. `held` are the keys of `keys_of` that open cases hold, `earlier` those of ended cases."""
    board = dict(held)
    opened = 0
    decisions: list[Decision] = []
    for item, assessment in sorted(items, key=lambda i: (i[0].mention.created_at, i[0].id)):
        judgement = judge(item, assessment, policy)
        move, case, by = _choose(item, judgement, board, policy)
        if move is Move.OPEN:
            opened += 1
            case = -opened
        decision = Decision(item, assessment, judgement, move, case, by)
        if move in (Move.OPEN, Move.JOIN, Move.ANSWER):
            decision = _with_keys(decision, board, policy, earlier or {})
        decisions.append(decision)
    return decisions


def _choose(
    item: MatchedMention, judgement: Judgement, board: dict[str, Held], policy: Policy
) -> tuple[Move, int, str]:
    """The move, the case it joins (0 for none) and by which key."""
    by = next((key for key in _conversation(item) if key in board), "")
    if item.own:
        return (Move.ANSWER, board[by].case, by) if by else (Move.IGNORE, 0, "")
    if judgement.ignored:
        return (Move.SKIP, board[by].case, by) if by else (Move.IGNORE, 0, "")
    by = by or next((key for key in _author(item, judgement.watchlists) if _fresh(key, item, board, policy)), "")
    if by:
        return Move.JOIN, board[by].case, by
    return (Move.OPEN if judgement.opens else Move.IGNORE), 0, ""


def _with_keys(decision: Decision, board: dict[str, Held], policy: Policy, earlier: Mapping[str, int]) -> Decision:
    """The decision with what it does to the keys; the board is brought up to date."""
    item, case, written = decision.item, decision.case, decision.item.mention.created_at
    conversation = _conversation(item)
    author = () if item.own else _author(item, decision.judgement.watchlists)
    owner = board[decision.by].owner if decision.by else _owner(item)
    takes, touches, releases = [], [], []
    for key in conversation + (author if owner == _owner(item) else ()):
        holder = board.get(key)
        if holder is not None and holder.case == case:
            touches.append(key)
            board[key] = Held(case, owner, max(holder.last_at, written))
            continue
        if holder is not None and (key in conversation or _fresh(key, item, board, policy)):
            continue  # another case's: the index allows one holder, and that one was first
        if holder is not None:
            releases.append(key)
        takes.append(key)
        board[key] = Held(case, owner, written)
    before = max((earlier.get(key, 0) for key in conversation), default=0) if decision.move is Move.OPEN else 0
    return Decision(
        item, decision.assessment, decision.judgement, decision.move, case, decision.by,
        tuple(takes), tuple(touches), tuple(releases), before,
    )  # fmt: skip


def _fresh(key: str, item: MatchedMention, board: Mapping[str, Held], policy: Policy) -> bool:
    """Whether a case holds the author key and the post is within the window of the last one."""
    holder = board.get(key)
    return holder is not None and item.mention.created_at <= holder.last_at + policy.triage.author_window


def _conversation(item: MatchedMention) -> tuple[str, ...]:
    return conversation_keys(item.mention)


def _author(item: MatchedMention, watchlists: tuple[str, ...]) -> tuple[str, ...]:
    return () if item.own else author_keys(item.mention, watchlists)


def _owner(item: MatchedMention) -> str:
    return f"{item.mention.channel}:{identity(item.mention.author)}"
