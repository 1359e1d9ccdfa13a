"""The posts of a file as stories, oldest first; and what each story is about."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from console.offline.posts import Post
from leitstand.likeness.links import ignoring
from leitstand.likeness.signature import MANY_BANDS
from leitstand.settings import Triage
from nlp import language
from triage.stories.board import Board, place_all
from triage.stories.prints import language_of, prints

_SURE = 0.8


@dataclass(frozen=True, slots=True)
class Story:
    """Posts that say one thing. `growth` is how many of them came in its last hour."""

    number: int
    posts: tuple[Post, ...]
    first_at: datetime
    last_at: datetime
    channels: tuple[str, ...]
    growth: int


def stories_of(
    posts: Sequence[Post], triage: Triage, detect: Callable[[str], tuple[str, float]] = language.detect
) -> list[int]:
    """The story of each post, in their order. Stories are numbered from 1 by their oldest post."""
    numbered = ((n, post.mention, language_of(post.mention, _detected(post, detect))) for n, post in enumerate(posts))
    board = Board(triage.story_window, triage.story_similarity)
    placed = place_all(prints(numbered, ignoring(triage.ignore_links), MANY_BANDS), board)
    order = sorted(set(placed.values()), key=lambda story: (board.spans[story].first_at, story))
    numbers = {story: number for number, story in enumerate(order, 1)}
    return [numbers[placed[n]] for n in range(len(posts))]


def gathered(posts: Iterable[Post], numbers: Iterable[int]) -> list[Story]:
    """The stories, the largest first."""
    together: dict[int, list[Post]] = {}
    for post, number in zip(posts, numbers, strict=True):
        together.setdefault(number, []).append(post)
    found = [_story(number, members) for number, members in together.items()]
    return sorted(found, key=lambda story: (-len(story.posts), story.first_at, story.number))


def _story(number: int, members: list[Post]) -> Story:
    members.sort(key=lambda post: post.mention.created_at)
    times = [post.mention.created_at for post in members]
    channels = tuple(dict.fromkeys(post.mention.channel for post in members))
    growth = sum(at > times[-1] - timedelta(hours=1) for at in times)
    return Story(number, tuple(members), times[0], times[-1], channels, growth)


def _detected(post: Post, detect: Callable[[str], tuple[str, float]]) -> str:
    """The language of a text if it is plain enough; a copy with a word more or less must not be read as another's."""
    found, confidence = detect(post.mention.text)
    return found if confidence >= _SURE else language.UNKNOWN
