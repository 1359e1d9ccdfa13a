"""App Store Connect and the public feed: pages newest first, answers beside, a signing key, an hour's limit."""

from datetime import UTC, datetime, timedelta
from typing import Any

from leitstand import clock
from tests.listeners.servers_api import Asked, Reply

# Stores show what is not old: two hours before these tests began.
START = clock.now().replace(microsecond=0) - timedelta(hours=2)
APP, ISSUER, KEY_ID = "1234567890", "57246542-0000-1a63-e053-000000000000", "2X9R4HXF34"


def moment(number: int) -> datetime:
    """The time of a review: one each second."""
    return START + timedelta(seconds=number)


def review(number: int, **more: Any) -> dict[str, Any]:
    """A review as App Store Connect has it."""
    at = moment(number).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    said = {"rating": 1, "title": f"Acme {number}", "body": f"It crashes {number}", "reviewerNickname": "jo"}
    attributes = {**said, "createdDate": at, "territory": "DEU", **more}
    return {"type": "customerReviews", "id": f"r{number}", "attributes": attributes}


class FakeConnect:
    """An app's reviews, newest first; `answers` by the review's id."""

    def __init__(self) -> None:
        self.reviews: list[Any] = []
        self.answers: dict[str, str] = {}
        self.instead: Reply | None = None
        self.hidden: set[str] = set()
        self.app = APP
        self.left = self.allowed = 999_999_999
        self.tokens: list[tuple[Any, Any] | None] = []
        self.asked: list[Asked] = []
        self.url = ""

    def write(self, *numbers: int, **more: Any) -> None:
        for number in numbers:
            self.reviews.insert(0, review(number, **more))

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        reply = self.instead or self._answer(asked)
        return Reply(
            reply.body, reply.status, {"X-Rate-Limit": f"user-hour-lim:{self.allowed};user-hour-rem:{self.left};"}
        )

    def _answer(self, asked: Asked) -> Reply:
        from tests.listeners.servers_keys import elliptic, opened  # noqa: PLC0415  the public feed needs no keys

        token = opened(asked.headers.get("authorization", "").removeprefix("Bearer "), elliptic())
        self.tokens.append(token)
        if not token or not _is_good(*token):
            return Reply({"errors": [{"status": "401", "code": "NOT_AUTHORIZED"}]}, 401)
        if asked.path.startswith("/v1/customerReviews/"):
            there = [one for one in self.reviews if one["id"] == asked.path.rpartition("/")[2]]
            return Reply({"data": there[0]}) if there else Reply({"errors": [{"code": "NOT_FOUND"}]}, 404)
        if asked.path != f"/v1/apps/{self.app}/customerReviews":
            return Reply({"errors": [{"status": "404", "code": "NOT_FOUND"}]}, 404)
        assert (asked.query["sort"], asked.query["include"]) == ("-createdDate", "response")
        return self._page(int(asked.query.get("cursor", "0")), int(asked.query["limit"]))

    def _page(self, start: int, size: int) -> Reply:
        listed = [one for one in self.reviews if not (isinstance(one, dict) and str(one.get("id")) in self.hidden)]
        rows = [self._with_answer(one) for one in listed[start : start + size]]
        place = f"/v1/apps/{APP}/customerReviews?sort=-createdDate&include=response&limit={size}"
        # Whatever server this names, the key goes to none but the one that was configured.
        more = {"next": f"https://api.example{place}&cursor={start + size}"} if start + size < len(listed) else {}
        said = [_response(name, text) for name, text in self.answers.items()]
        return Reply({"data": rows, "included": said, "links": {"self": f"https://api.example{place}", **more}})

    def _with_answer(self, row: Any) -> Any:
        if not isinstance(row, dict) or "id" not in row:
            return row
        data = {"type": "customerReviewResponses", "id": f"a-{row['id']}"} if str(row["id"]) in self.answers else None
        return {**row, "relationships": {"response": {"data": data}}}


def _response(name: str, text: str) -> dict[str, Any]:
    at = moment(7000).astimezone(UTC).isoformat()
    attributes = {"responseBody": text, "lastModifiedDate": at, "state": "PUBLISHED"}
    return {"type": "customerReviewResponses", "id": f"a-{name}", "attributes": attributes}


def _is_good(header: Any, claims: Any) -> bool:
    now = clock.now().timestamp()
    named = (header["kid"], claims["iss"], claims["aud"]) == (KEY_ID, ISSUER, "appstoreconnect-v1")
    return bool(named and claims["iat"] <= now + 1 and now < claims["exp"] <= claims["iat"] + 1200)


def entry(number: int, **more: Any) -> dict[str, Any]:
    """A review as the public feed has it."""
    said = {"title": f"Acme {number}", "content": f"It crashes {number}", "im:rating": "1", "id": str(9000 + number)}
    at = moment(number).astimezone().isoformat()
    row: dict[str, Any] = {name: {"label": text} for name, text in {**said, "updated": at}.items()}
    person = {"name": {"label": "jo"}, "uri": {"label": "https://itunes.apple.com/de/reviews/id5"}, "label": ""}
    link = {"attributes": {"rel": "related", "href": f"https://itunes.apple.com/de/review?id={APP}&type=Purple"}}
    return {**row, "author": person, "link": link, **more}


class FakeFeed:
    """The public feed: fifty a page, ten pages, newest first. `product`: the app itself comes first."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.product = False
        self.instead: Reply | None = None
        self.asked: list[Asked] = []
        self.url = ""

    def write(self, *numbers: int, **more: Any) -> None:
        for number in numbers:
            self.entries.insert(0, entry(number, **more))

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if self.instead:
            return self.instead
        country, *rest, page, app, order, form = asked.path.strip("/").split("/")
        assert (rest, order, form) == (["rss", "customerreviews"], "sortby=mostrecent", "json")
        number = int(page.removeprefix("page="))
        if app != f"id={APP}" or country != "de" or not 1 <= number <= 10:
            return Reply("CustomerReviews RSS page depth is limited to 10", 400)
        rows = self.entries[(number - 1) * 50 : number * 50]
        if self.product and number == 1:
            rows = [{"im:name": {"label": "Acme"}, "id": {"label": "https://apps.apple.com/app/id1"}}, *rows]
        shown: dict[str, Any] = {} if not rows else {"entry": rows[0] if len(rows) == 1 else rows}
        return Reply({"feed": {"author": {"name": {"label": "iTunes Store"}}, **shown}})
