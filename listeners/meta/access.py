"""What every source of the Graph API needs to be told, how it is looked at, and how it is called: one way for all."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from pydantic import Field, SecretStr, field_validator

from leitstand.settings import Duration, ListenerSettings
from listeners import hooks
from listeners.fetch import Fetcher, Limits
from listeners.hooks import HookRequest, Received
from listeners.meta import callbacks
from listeners.meta.callbacks import Change
from listeners.meta.graph import Graph
from listeners.meta.threads import Account, Threads

Read = Callable[[Iterator[Change], HookRequest, list[str]], Received]


class MetaSettings(ListenerSettings):
    """The keys of an app, and how often to look."""

    access_token: SecretStr = Field(description="The access token of the page or account.")
    app_secret: SecretStr = Field(description="The app's secret: calls are signed with it.")
    verify_token: SecretStr = Field(description="Of your own making, at least 16 characters: sets up the webhook.")
    interval: Duration = Field(timedelta(minutes=5), description="The pause between two looks.")
    recheck_every: Duration = Field(
        timedelta(days=1), description="How often a post of an open case is looked up again; 0s: never."
    )
    api_url: str = Field("https://graph.facebook.com/v23.0", description="Where the API is, with its version.")
    allow_private: bool = Field(False, description="true: this address may be in a private network.")

    _verify_token = field_validator("verify_token")(hooks.long_enough)

    @asynccontextmanager
    async def graph(self) -> AsyncIterator[Graph]:
        """The API, with the keys."""
        token, secret = self.access_token.get_secret_value(), self.app_secret.get_secret_value()
        async with Fetcher(Limits(allow_private=self.allow_private)) as fetcher:
            yield Graph(fetcher, self.api_url.rstrip("/"), token, secret)

    def threads(self, accounts: Iterable[Account], cursors: Mapping[str, str]) -> list[Threads]:
        """What is looked at in turn, a part of a round each."""
        every = self.interval.total_seconds()
        return [Threads(one.path, one, every, cursors.get(one.path, ""), every) for one in accounts]

    def received(self, request: HookRequest, about: str, read: Read) -> Received:
        """What `read` makes of the changes of a call, or the echo that sets the webhook up. Raises HookRefusedError."""
        if request.method == "GET":
            return callbacks.echo(self.verify_token, request)
        rejected: list[str] = []
        return read(callbacks.changes(self.app_secret, request, about, rejected), request, rejected)
