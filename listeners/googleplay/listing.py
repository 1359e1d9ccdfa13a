"""An app's reviews on Google Play: those of the last week, that have words, with our answers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

import msgspec

from leitstand import clock
from leitstand.model import Author, Mention
from listeners.answers import decode, each
from listeners.budget import Budget
from listeners.googleplay.api import HOUR, Api, Quota
from listeners.plaintext import clean
from listeners.reviews import ANSWER, Sheet, Shown, stars, version

CHANNEL: Final = "googleplay"
PAGE: Final = 100
WEEK: Final = timedelta(days=7)
OURS: Final = Author("developer", "developer", own=True)


class Moment(msgspec.Struct):
    """A time as Google writes it: whole numbers, in quotes where they may be big."""

    seconds: int | str = 0
    nanos: int = 0

    def at(self, now: datetime) -> datetime:
        """Never in the future, and now where it says nothing."""
        said = str(self.seconds)[:20]
        seconds = int(said) if said.isdecimal() else 0
        return datetime.fromtimestamp(min(seconds, int(now.timestamp())), UTC) if seconds else now


class UserComment(msgspec.Struct, rename="camel"):
    """What the author says now; `last_modified` is when."""

    text: str = ""
    last_modified: Moment = msgspec.field(default_factory=Moment)
    star_rating: int = 0
    reviewer_language: str = ""


class DeveloperComment(msgspec.Struct, rename="camel"):
    """What we answered."""

    text: str = ""
    last_modified: Moment = msgspec.field(default_factory=Moment)


class Comment(msgspec.Struct, rename="camel"):
    user_comment: UserComment | None = None
    developer_comment: DeveloperComment | None = None


class Review(msgspec.Struct, rename="camel"):
    review_id: str
    comments: list[Comment]
    author_name: str = ""


class Pagination(msgspec.Struct, rename="camel"):
    next_page_token: str = ""


class Listing(msgspec.Struct, rename="camel"):
    reviews: list[msgspec.Raw] = []
    token_pagination: Pagination = msgspec.field(default_factory=Pagination)


@dataclass(slots=True)
class App:
    """An own app's reviews. In which order they come Google does not say: now and then all of the week are read."""

    api: Api
    package: str
    quota: Quota
    channel: str = CHANNEL
    pages: int = 60
    deep: int = 60
    reaches: timedelta | None = WEEK

    async def page(self, more: str) -> Sheet:
        """A hundred reviews with their answers. Raises FetchError."""
        asked = {"maxResults": str(PAGE)} | ({"token": more} if more else {})
        page = await self.api.get(self._path(), asked, self.quota, self.package)
        if page.status == 404:
            raise page.refusal(f"there is no app {self.package} in this developer's account")
        listing = decode(page, Listing)
        now = clock.now()
        shown = [one for review in each(listing.reviews, Review) for one in self._shown(review, now)]
        return Sheet(shown, listing.token_pagination.next_page_token)

    async def has(self, review: str) -> bool:
        page = await self.api.get(f"{self._path()}/{quote(review, safe='')}", {}, self.quota, self.package)
        return page.status != 404 and page.check() is page

    def pause(self) -> float:
        """So that what is left of the hour's quota lasts for it, a few pages a look."""
        return HOUR.total_seconds() * 4 / max(1, self.quota.left())

    def budget(self) -> Budget | None:
        return self.quota.told()

    def _path(self) -> str:
        return f"/androidpublisher/v3/applications/{self.package}/reviews"

    def _shown(self, review: Review, now: datetime) -> list[Shown]:
        """The review, after the answer to it."""
        said = next((one.user_comment for one in review.comments if one.user_comment), None)
        answer = next((one.developer_comment for one in review.comments if one.developer_comment), None)
        if said is None:
            return []
        found = [self._answer(review.review_id, answer, now)] if answer else []
        return [*found, self._review(review, said, now)]

    def _review(self, review: Review, said: UserComment, now: datetime) -> Shown:
        title, _, body = said.text.rpartition("\t")
        title = clean(title)
        mention = Mention(
            CHANNEL,
            review.review_id,
            clean(body) or title or "(no text)",
            said.last_modified.at(now),
            now,
            url=self._url(review.review_id),
            title=stars(said.star_rating, title)[:1_000],
            language=_language(said.reviewer_language),
            kind="review",
            author=Author(name=clean(review.author_name)),
            conversation_id=review.review_id,
        )
        return Shown(
            mention, version(said.last_modified.seconds, said.last_modified.nanos, said.star_rating, said.text)
        )

    def _answer(self, review: str, said: DeveloperComment, now: datetime) -> Shown:
        mention = Mention(
            CHANNEL,
            f"{review}{ANSWER}",
            clean(said.text) or "(no text)",
            said.last_modified.at(now),
            now,
            url=self._url(review),
            kind="reply",
            author=OURS,
            parent_id=review,
            conversation_id=review,
        )
        return Shown(mention, version(said.last_modified.seconds, said.last_modified.nanos, said.text))

    def _url(self, review: str) -> str:
        return f"https://play.google.com/store/apps/details?id={self.package}&reviewId={quote(review, safe='')}"


def _language(said: str) -> str:
    """`pt` of `pt_BR`."""
    return said.replace("_", "-").partition("-")[0].lower()[:35]
