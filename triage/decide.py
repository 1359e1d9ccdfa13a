"""The heart: which case each mention of a batch opens, joins or leaves alone. Pure: it touches nothing.

    same conversation → same author and watchlist within the window → same story → its ended case, opened again
                      → a new case, if it is worth one

Mentions are taken in the order in which they were written, each seeing the cases that those before it opened.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from leitstand.model import Assessment, MatchedMention
from triage.grouping import author_keys, conversation_keys, identity, story_key
from triage.judgement import NO_FACTS, Judgement, judge
from triage.policy import Policy
from triage.rules import Facts
from triage.stories.board import Placed
from triage.votes import Vote, vote_of

Item = tuple[MatchedMention, Assessment]
NOWHERE: Mapping[int, Placed] = {}


class Move(StrEnum):
    """What becomes of a mention."""

    OPEN = "open"  # a new case
    JOIN = "join"  # one more mention of a case
    REOPEN = "reopen"  # one more mention of a case that had ended
    RATE = "rate"  # the author's score for their case that has ended
    ANSWER = "answer"  # an own account's post in a case's conversation
    SKIP = "skip"  # kept off a case whose conversation it is in
    IGNORE = "ignore"  # no case


_KEEPING = frozenset((Move.OPEN, Move.JOIN, Move.REOPEN, Move.ANSWER))


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
    it joined; `earlier` is the ended case that had the same conversation, 0 if none. `absorbed` are the cases that are
    about the same story as another one, each with that other one. `vote` is the score that a RATE gives.
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
    absorbed: tuple[tuple[int, int], ...] = ()
    vote: Vote | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """The last case that had a key and is over, and its author's identity.

    `again` says that it may be opened again, `rated` that its author may still rate it. `keys` are what it takes back
    then, unless another case has them, each with the time of its last post.
    """

    case: int
    owner: str = ""
    again: bool = False
    rated: bool = False
    keys: tuple[tuple[str, datetime], ...] = ()


NONE = Ended(0)


def keys_of(items: Iterable[Item], placed: Mapping[int, Placed] = NOWHERE) -> list[str]:
    """Every key that may matter to a batch."""
    wanted: set[str] = set()
    for item, _ in items:
        wanted.update(conversation_keys(item.mention))
        wanted.update(() if item.own else author_keys(item.mention, item.watchlists))
        wanted.update(_story_keys(placed.get(item.id)))
    return sorted(wanted)


def decide(
    items: Sequence[Item],
    held: Mapping[str, Held],
    policy: Policy,
    earlier: Mapping[str, Ended] | None = None,
    facts: Mapping[int, Facts] | None = None,
    placed: Mapping[int, Placed] = NOWHERE,
) -> list[Decision]:
    """One decision a mention. `held` are the keys of `keys_of` that open cases hold, `earlier` those of ended cases.

    By mention id, `facts` are what rules may ask beyond the post itself, `placed` the story it belongs to.
    """
    board, ended = dict(held), dict(earlier or {})
    opened = 0
    decisions: list[Decision] = []
    for item, assessment in sorted(items, key=lambda i: (i[0].mention.created_at, i[0].id)):
        judgement = judge(item, assessment, policy, facts.get(item.id, NO_FACTS) if facts else NO_FACTS)
        wants = _wants(item, judgement.watchlists, policy, placed.get(item.id))
        before = max((ended[key] for key in wants.conversation if key in ended), key=lambda e: e.case, default=NONE)
        vote = _vote(item, wants, policy, board, before)
        move, case, by = (Move.RATE, before.case, "") if vote else _choose(item, judgement, wants, board, before)
        if move is Move.OPEN:
            opened += 1
            case = -opened
        if move is Move.REOPEN:
            _retake(before, board)
        takes, touches, releases = _claim(wants, case, by, board) if move in _KEEPING else ((), (), ())
        absorbed = _absorb(wants, board)
        decisions.append(
            Decision(item, assessment, judgement, move, case, by, takes, touches, releases, before.case, absorbed, vote)
        )
    return decisions


def _vote(
    item: MatchedMention, wants: "_Wants", policy: Policy, board: Mapping[str, Held], before: Ended
) -> Vote | None:
    """The score that an author gives their own case, while no case of its conversation is open."""
    may = before.rated and before.owner == wants.owner and not item.own
    return vote_of(item.mention, policy.votes) if may and not any(key in board for key in wants.conversation) else None


@dataclass(frozen=True, slots=True)
class _Wants:
    """The keys of one mention, whose they would be, and since when an author key is too old to join by.

    `story` is the key of its story, and then those of the stories that have become part of it.
    """

    conversation: tuple[str, ...]
    author: tuple[str, ...]
    story: tuple[str, ...]
    owner: str
    written: datetime
    oldest: datetime

    def joins(self, key: str, board: Mapping[str, Held]) -> bool:
        """Whether a case holds this author key and had a post within the window."""
        holder = board.get(key)
        return holder is not None and self.oldest <= holder.last_at


def _wants(item: MatchedMention, watchlists: tuple[str, ...], policy: Policy, placed: Placed | None) -> _Wants:
    mention = item.mention
    author = () if item.own else author_keys(mention, watchlists)
    owner = f"{mention.channel}:{identity(mention.author)}"
    written = mention.created_at
    oldest = written - policy.triage.author_window
    return _Wants(conversation_keys(mention), author, _story_keys(placed), owner, written, oldest)


def _story_keys(placed: Placed | None) -> tuple[str, ...]:
    return tuple(map(story_key, (placed.story, *placed.merged))) if placed else ()


def _choose(
    item: MatchedMention, judgement: Judgement, wants: _Wants, board: Mapping[str, Held], before: Ended
) -> tuple[Move, int, str]:
    """The move, the case it joins (0 for none) and by which key."""
    by = next((key for key in wants.conversation if key in board), "")
    if item.own:
        return (Move.ANSWER, board[by].case, by) if by else (Move.IGNORE, 0, "")
    if judgement.ignored:
        return (Move.SKIP, board[by].case, by) if by else (Move.IGNORE, 0, "")
    by = by or next((key for key in wants.author if wants.joins(key, board)), "")
    by = by or next((key for key in wants.story if key in board), "")
    if by:
        return Move.JOIN, board[by].case, by
    if not judgement.opens:
        return Move.IGNORE, 0, ""
    return (Move.REOPEN, before.case, "") if before.again else (Move.OPEN, 0, "")


def _retake(before: Ended, board: dict[str, Held]) -> None:
    """The board with the keys that a case opened again has back."""
    for key, last_at in before.keys:
        board.setdefault(key, Held(before.case, before.owner, last_at))


def _absorb(wants: _Wants, board: dict[str, Held]) -> tuple[tuple[int, int], ...]:
    """The cases that a post shows to be about one story, each with the one that stays: that of the oldest story."""
    cases = list(dict.fromkeys(board[key].case for key in wants.story if key in board))
    if len(cases) < 2:
        return ()
    stays, *others = cases
    owner = next(held.owner for held in board.values() if held.case == stays)
    for key, held in board.items():
        if held.case in others:
            board[key] = Held(stays, owner, held.last_at)
    return tuple((other, stays) for other in others)


def _claim(
    wants: _Wants, case: int, by: str, board: dict[str, Held]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The keys that the case takes, touches and has released for it; the board is brought up to date.

    Who answers in another's conversation brings no keys of their own: their other posts are other cases.
    """
    owner = board[by].owner if by else wants.owner
    own = wants.author + wants.story[:1] if owner == wants.owner else wants.story[:1] if by in wants.story else ()
    takes, touches, releases = [], [], []
    for key in wants.conversation + own:
        holder = board.get(key)
        if holder is not None and holder.case == case:
            touches.append(key)
            board[key] = Held(case, owner, max(holder.last_at, wants.written))
            continue
        if holder is not None and (key not in wants.author or wants.joins(key, board)):
            continue  # another case's: the index allows one holder, and that one was first
        if holder is not None:
            releases.append(key)
        takes.append(key)
        board[key] = Held(case, owner, wants.written)
    return tuple(takes), tuple(touches), tuple(releases)
