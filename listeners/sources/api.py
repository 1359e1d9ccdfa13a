"""Takes posts that others send: `POST /api/v1/mentions` on the console's address. For scripts and tools of your own.

    [listeners.ingest]
    kind = "api"
    token = "${LEITSTAND_INGEST_TOKEN}"     # or token_file = "ingest.token"

Make the token yourself (`openssl rand -hex 32`); senders give it as `Authorization: Bearer …`. A call holds one mention
or `{"mentions": […]}` with up to 1,000; `channel`, `external_id` and `text` are required. The answer comes when the
posts are committed. Sending a post again changes nothing, so a sender that is not sure may always repeat the call.

Answers rarely repeat the brand's name. They are kept, and an own one stops the clocks, where they name a post that was
kept: `parent_id` is the `external_id` of the post that is answered, `conversation_id` that of the conversation's first.
A `conversation_id` of your own making, as a chat or a ticket has one, does as well where `parent_id` is left out: once
one of its posts matches a watchlist, those that follow are kept too, and are one case.
"""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from leitstand.plugins import About
from leitstand.settings import ListenerSettings

ABOUT = About(title="API", summary="Posts that others send to POST /api/v1/mentions.")

SHORTEST_TOKEN = 16


class Settings(ListenerSettings):
    """Who may send."""

    kind: Literal["api"] = Field("api", description="api")
    token: SecretStr = Field(description="What senders give as Bearer token: at least 16 characters, made by yourself.")

    @field_validator("token")
    @classmethod
    def _long_enough(cls, token: SecretStr) -> SecretStr:
        if len(token.get_secret_value()) < SHORTEST_TOKEN:
            raise ValueError(f"must have at least {SHORTEST_TOKEN} characters; `openssl rand -hex 32` makes one")
        return token


async def verify(settings: Settings) -> str:
    """Nothing to try: others come to us."""
    return "waits for calls of POST /api/v1/mentions"
