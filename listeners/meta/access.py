"""What every source of the Graph API needs to be told, and how it is looked at: one set of keys, one way."""

from datetime import timedelta

from pydantic import Field, SecretStr, field_validator

from leitstand.settings import Duration, ListenerSettings
from listeners import hooks
from listeners.fetch import Fetcher, Limits
from listeners.meta.graph import Graph


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

    def fetcher(self) -> Fetcher:
        """What its answers are fetched with."""
        return Fetcher(Limits(allow_private=self.allow_private))

    def graph(self, fetcher: Fetcher) -> Graph:
        """The API, with the keys."""
        token, secret = self.access_token.get_secret_value(), self.app_secret.get_secret_value()
        return Graph(fetcher, self.api_url.rstrip("/"), token, secret)

    @property
    def every(self) -> float:
        """Seconds between two looks."""
        return self.interval.total_seconds()
