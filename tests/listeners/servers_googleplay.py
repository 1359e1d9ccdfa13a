"""Google Play: a token for what a service account signs, pages of the last week's reviews, answers inside of them."""

import json
from typing import Any

from leitstand import clock
from tests.listeners.servers_api import Asked, Reply
from tests.listeners.servers_appstore import moment
from tests.listeners.servers_keys import opened, pem, rsa_key

PACKAGE, ACCOUNT, KEY_ID = "com.example.acme", "leitstand@acme.iam.gserviceaccount.example", "k1"
TOKEN_PATH = "/token"


def account_key() -> str:
    """The file that Google's console gives out."""
    key = {"type": "service_account", "client_email": ACCOUNT, "private_key_id": KEY_ID, "private_key": pem(rsa_key())}
    return json.dumps(key)


def at(number: int) -> dict[str, Any]:
    return {"seconds": str(int(moment(number).timestamp())), "nanos": 5000}


def review(number: int, **more: Any) -> dict[str, Any]:
    """A review that was last changed at this second; `more` is of the author's comment."""
    text = f"Acme {number}\tIt crashes {number}"
    said = {"text": text, "lastModified": at(number), "starRating": 1, "reviewerLanguage": "de", "device": "x"}
    return {"reviewId": f"gp:{number}", "authorName": "Jo", "comments": [{"userComment": {**said, **more}}]}


class FakePlay:
    """An app's reviews, newest first unless told otherwise."""

    def __init__(self) -> None:
        self.reviews: list[Any] = []
        self.instead: Reply | None = None
        self.hidden: set[str] = set()
        self.token = "a-token-of-google"
        self.asked: list[Asked] = []
        self.url = ""

    def write(self, *numbers: int, **more: Any) -> None:
        for number in numbers:
            self.reviews.insert(0, review(number, **more))

    def reply(self, number: int, text: str) -> None:
        one = next(one for one in self.reviews if one["reviewId"] == f"gp:{number}")
        one["comments"] = [*one["comments"][:1], {"developerComment": {"text": text, "lastModified": at(7000)}}]

    def listings(self) -> list[Asked]:
        return [one for one in self.asked if one.path != TOKEN_PATH]

    def answer(self, asked: Asked) -> Reply:
        self.asked.append(asked)
        if asked.path == TOKEN_PATH:
            return self._issue(asked)
        if self.instead:
            return self.instead
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return Reply({"error": {"code": 401, "status": "UNAUTHENTICATED"}}, 401)
        app, _, what = asked.path.partition("/reviews")
        place, _, package = app.rpartition("/")
        if place != "/androidpublisher/v3/applications" or package != PACKAGE:
            return Reply({"error": {"code": 404, "message": f"Package not found: {package}."}}, 404)
        if what:
            name = what.removeprefix("/").replace("%3A", ":")
            there = [one for one in self.reviews if one["reviewId"] == name]
            return Reply(there[0]) if there else Reply({"error": {"code": 404, "message": "Review not found."}}, 404)
        return self._page(int(asked.query.get("token", "0")), int(asked.query["maxResults"]))

    def _issue(self, asked: Asked) -> Reply:
        assert (asked.method, asked.query["grant_type"]) == ("POST", "urn:ietf:params:oauth:grant-type:jwt-bearer")
        found = opened(asked.query["assertion"], rsa_key())
        if not found or found[1]["iss"] != ACCOUNT:
            return Reply({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        header, claims = found
        assert header["kid"] == KEY_ID
        assert claims["scope"] == "https://www.googleapis.com/auth/androidpublisher"
        assert claims["aud"] == "https://oauth2.googleapis.com/token"
        assert claims["iat"] <= clock.now().timestamp() + 1
        assert claims["exp"] - claims["iat"] <= 3600
        return Reply({"access_token": self.token, "expires_in": 3599, "token_type": "Bearer"})

    def _page(self, start: int, size: int) -> Reply:
        listed = [
            one for one in self.reviews if not (isinstance(one, dict) and str(one.get("reviewId")) in self.hidden)
        ]
        more = {"tokenPagination": {"nextPageToken": str(start + size)}} if start + size < len(listed) else {}
        return Reply({"reviews": listed[start : start + size], **more})
