"""The story of each mention of a batch: asked of what is stored, decided by the board, stored with the cases."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from leitstand.likeness.links import ignoring
from triage.decide import Item
from triage.judgement import NO_FACTS
from triage.policy import Policy
from triage.rules import Facts
from triage.stories import store
from triage.stories.board import Placed
from triage.stories.prints import Print, language_of, prints
from triage.stories.store import Seen


@dataclass(frozen=True, slots=True)
class Told:
    """The stories of a batch by mention id; `fresh` are those of mentions that had none before."""

    prints: Mapping[int, Print]
    placed: Mapping[int, Placed]
    fresh: tuple[Placed, ...]
    seen: Seen


def prints_of(items: Sequence[Item], policy: Policy) -> list[Print]:
    """What tells the mentions' stories, in the order in which they were written. The brand's own posts tell none."""
    others = ((i.id, i.mention, language_of(i.mention, a.language)) for i, a in items if not i.own)
    return sorted(prints(others, ignoring(policy.triage.ignore_links)), key=lambda post: (post.at, post.post))


def look(connection: Connection, posts: Sequence[Print], policy: Policy) -> Told:
    """The mentions' stories, as far as others have committed theirs."""
    seen = store.look(connection, posts, policy.triage.story_window, policy.triage.story_similarity)
    placed: dict[int, Placed] = {}
    fresh: list[Placed] = []
    for post in posts:
        if seen.holders.get(post.keys[0]) == post.post:  # a mention that comes again
            placed[post.post] = Placed(post.post, seen.board.keys[post.keys[0]])
            continue
        placed[post.post] = seen.board.place(post)
        fresh.append(placed[post.post])
    return Told({post.post: post for post in posts}, placed, tuple(fresh), seen)


def facts(connection: Connection, known: Mapping[int, Facts], told: Told) -> Mapping[int, Facts]:
    """What is known of the mentions, and how many posts tell the story of each as of that post."""
    joined = {story for one in told.placed.values() if one.why for story in (one.story, *one.merged)}
    if not joined:
        return known
    sizes, fresh = Counter(store.sizes(connection, joined)), {one.post for one in told.fresh}
    found: dict[int, Facts] = {}
    for number, one in told.placed.items():
        sizes[one.story] += (number in fresh) + sum(sizes.pop(other, 0) for other in one.merged)
        if sizes[one.story] > 1:
            found[number] = replace(known.get(number, NO_FACTS), story=sizes[one.story])
    return {**known, **found}


def claim(connection: Connection, told: Told) -> bool:
    """Take the stories' keys. False if another transaction was faster with one."""
    return store.claim(connection, told.fresh, told.seen)


def write(connection: Connection, told: Told) -> bool:
    """Store the stories. False if another transaction has changed them meanwhile."""
    return store.write(connection, told.prints, told.fresh, told.seen)
