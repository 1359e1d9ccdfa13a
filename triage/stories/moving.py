"""An edited post belongs where its present words lead: it stays while anything still ties it to its story, joins the
story that they tell, or begins one of its own.

    others of its story ─┐
    what is stored ──────┴─ without the post itself ──Board──► where it belongs ──► story_posts
What a person has told apart stays apart. Doing it twice changes nothing more.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, text

from triage.stories import parting, store
from triage.stories.board import Board, Placed, Span
from triage.stories.prints import Print

_SET = text("""
    UPDATE story_posts SET story = :story, why = :why, written_by = pg_current_xact_id() WHERE mention_id = :post
""")


def move(
    connection: Connection, post: Print, story: int, others: Sequence[Print], window: timedelta, similar: float
) -> int:
    """Put a post of a story, whose keys and bands are renewed, where it belongs. `others` are posts of the story.

    Returns what the story that it was in is called now, 0 where nothing of it is left. The lock on stories is held.
    """
    seen = store.look(connection, [post], window, similar)
    own = [key for key, holder in seen.holders.items() if holder == post.post]
    apart = {other for pair in seen.board.apart if story in pair for other in pair - {story}}
    seen.board.leave_out(post.post, own, apart)
    _know(seen.board, story, others)
    placed = seen.board.place(post)
    store.merge(connection, [(other, placed.story) for other in placed.merged])
    stays = placed.why and story in (placed.story, *placed.merged)
    return story if stays else _put(connection, placed, story)


def _know(board: Board, story: int, others: Sequence[Print]) -> None:
    """The posts of its story by all that they are, also by what only this post is stored with."""
    if others:
        times = [other.at for other in others]
        keys = {key: story for other in others for key in other.keys if key not in board.keys}
        board.know({story: Span(min(times), max(times))}, keys, [(other, story) for other in others])


def _put(connection: Connection, placed: Placed, story: int) -> int:
    remains = parting.leave(connection, story, [placed.post])
    if placed.story == placed.post:
        parting.inherit(connection, story, placed.post)
    connection.execute(_SET, {"story": placed.story, "why": placed.why, "post": placed.post})
    return remains
