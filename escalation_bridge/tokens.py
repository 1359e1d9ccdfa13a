"""Tokens that last a while (OAuth 2): asked for when one is needed, renewed before it ends, dropped when refused."""

import time
from typing import Final
from urllib.parse import urlencode

import httpx
import msgspec

from escalation_bridge import http
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.settings.mailbox import MailLogin

EARLY: Final = 60.0  # a token is renewed so many seconds before its end


class Token(msgspec.Struct):
    """Who we are for so many seconds."""

    access_token: str
    expires_in: float = 3600.0


class Tokens:
    """What a provider issues to one app."""

    def __init__(self, login: MailLogin) -> None:
        self._login, self._http = login, http.Client()
        self._token, self._ends = "", 0.0

    async def current(self) -> str:
        """The token. Raises DeliveryError: nothing is taken without one."""
        if not self._token or time.monotonic() > self._ends:
            issued = await self._issued()
            self._token, self._ends = issued.access_token, time.monotonic() + issued.expires_in - EARLY
        return self._token

    def drop(self) -> None:
        """It was refused: the next is a fresh one."""
        self._token = ""

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def _issued(self) -> Token:
        url, body = self._login.login_url, urlencode(self._login.token_form()).encode()
        try:
            answer = await http.post(
                self._http, url, body, {"Content-Type": "application/x-www-form-urlencoded"}, clock.now()
            )
        except DeliveryError as error:
            raise DeliveryError(str(error), DeliveryOutcome.RETRY) from error
        if answer.status in (400, 401, 403):
            said = answer.refusal(DeliveryOutcome.UNAUTHORISED).said
            words = f"{httpx.URL(url).host} does not issue a token to this client_id"
            raise DeliveryError(words, DeliveryOutcome.UNAUTHORISED, said=said)
        if outcome := http.outcome(answer.status):
            raise answer.refusal(outcome)
        try:
            return msgspec.json.decode(answer.body, type=Token)
        except msgspec.MsgspecError as error:
            raise DeliveryError("an answer that is no token", DeliveryOutcome.RETRY) from error
