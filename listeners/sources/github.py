"""Hears issues, pull requests' comments and discussions of your repositories on GitHub, by signed webhooks.

    [listeners.github]                       # called at https://leitstand.example/hooks/github
    kind = "github"
    secret = "${GITHUB_WEBHOOK_SECRET}"
    repositories = ["acme/cloud"]            # polled as well; without it only the webhook is heard
    token = "${GITHUB_TOKEN}"                # may be left out for public ones

Make the secret yourself (`openssl rand -hex 32`). In the repository's or the organisation's settings, Webhooks, add
one: payload URL as above, content type `application/json`, the secret, and the events Issues, Issue comments, Pull
requests, Discussions, Discussion comments, Commit comments and Pull request review comments.

GitHub does not repeat a call that failed. With `repositories` their issues and comments are asked for as well, every
`interval`, so that what was missed is heard; discussions, and deletes, are only heard by webhook. The token is a
fine-grained one that may read issues; without one GitHub answers 60 questions an hour.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator

from leitstand.errors import HookRefusedError
from leitstand.plugins import About
from leitstand.settings import Duration, ListenerSettings
from listeners import hooks
from listeners.contract import Batch
from listeners.fetch import Fetcher, Limits
from listeners.github.events import read
from listeners.github.polling import Listing, listings
from listeners.hooks import HookRequest, Received
from listeners.rounds import posts_now, rounds

ABOUT = About(
    title="GitHub",
    summary="Issues, comments and discussions of your repositories.",
    credentials_url="https://github.com/settings/personal-access-tokens",
)

Repository = Annotated[str, Field(pattern=r"^[\w.-]{1,100}/[\w.-]{1,100}$")]


class Settings(ListenerSettings):
    """What calls are signed with, and what is asked for besides."""

    kind: Literal["github"] = Field("github", description="github")
    secret: SecretStr = Field(description="The webhook's secret: at least 16 characters, made by yourself.")
    repositories: list[Repository] = Field([], max_length=50, description="Repositories that are polled as well.")
    token: SecretStr | None = Field(None, description="A token that may read the issues of these repositories.")
    interval: Duration = Field(timedelta(minutes=5), description="The pause between two looks at a repository.")
    api_url: str = Field("https://api.github.com", description="Where the API is; of GitHub Enterprise another.")
    allow_private: bool = Field(False, description="true: this address may be in a private network.")

    _secret = field_validator("secret")(hooks.long_enough)


def receive(settings: Settings, request: HookRequest) -> Received:
    """The issue or comment of one call."""
    if request.method != "POST":
        raise HookRefusedError("GitHub calls by POST", 405)
    hooks.check_signature(settings.secret, request)
    return read(request)


async def listen(name: str, settings: Settings, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
    """Yield what the polled repositories have."""
    if not settings.repositories:
        async for batch in hooks.waiting():
            yield batch
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        async for batch in rounds(_parts(settings, fetcher, cursors)):
            yield batch


async def verify(settings: Settings) -> str:
    """Ask once for every repository."""
    if not settings.repositories:
        return "waits for calls of /hooks/<name>"
    async with Fetcher(Limits(allow_private=settings.allow_private)) as fetcher:
        return f"GitHub answers: {await posts_now(_parts(settings, fetcher, {}))} posts now"


def _parts(settings: Settings, fetcher: Fetcher, cursors: Mapping[str, str]) -> list[Listing]:
    token = settings.token.get_secret_value() if settings.token else ""
    base, every = settings.api_url.rstrip("/"), settings.interval.total_seconds()
    return listings(settings.repositories, fetcher, base, token, every, cursors)
