"""Reads a score out of a reply: `#rating 4 that was quick`. Pure.

`4/5` and `4 von 5` are a 4; a score out of something else, or none from 1 to 5, is no vote but a post like any other.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from leitstand.model import Mention

_OF = r"\s*(?:/|von|of|out\s+of)\s*"
_ADDRESSED = re.compile(r"^(?:\s*@\S+)+")


@dataclass(frozen=True, slots=True)
class Vote:
    """A score from 1 to 5, and the author's words beside it."""

    score: int
    comment: str


def votes_by(keywords: Iterable[str]) -> re.Pattern[str] | None:
    """What finds a vote, for `vote_of`; None where no keyword is asked for."""
    asked = "|".join(re.escape(word) for word in sorted(keywords, key=len, reverse=True))
    if not asked:
        return None
    score = rf"[:=]?\s*([1-5])(?:{_OF}5)?(?![\w]|[.,]\d|{_OF}\d)"
    return re.compile(rf"(?<!\w)(?:{asked})\s*{score}", re.IGNORECASE)


def vote_of(mention: Mention, pattern: re.Pattern[str] | None) -> Vote | None:
    """The vote that a post casts; None for none. Who reposts another's vote casts none."""
    found = pattern.search(mention.text) if pattern and mention.kind != "repost" else None
    if found is None:
        return None
    around = _ADDRESSED.sub("", mention.text[: found.start()]), mention.text[found.end() :]
    return Vote(int(found[1]), " ".join(" ".join(around).split()))
