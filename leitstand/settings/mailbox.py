"""Logging in at a mail server: with a password, or with a token where the provider takes none (OAuth 2, XOAUTH2)."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Self

from pydantic import Field, SecretStr, model_validator

from leitstand.settings.base import Section


class MailLogin(Section):
    """The keys of an app that may use the mailbox."""

    login_url: str = Field(
        "", pattern=r"^(https?://[^/\s]\S*)?$", description="Where tokens are issued; absent: a password is used."
    )
    client_id: str = Field("", description="The app's id, where tokens are used.")
    client_secret: SecretStr | None = Field(None, description="The app's secret.")
    refresh_token: SecretStr | None = Field(
        None, description="What the mailbox's owner has granted the app; absent: the app may use it by itself."
    )
    scope: str = Field("", description="What the token is asked for.")

    @model_validator(mode="after")
    def _a_whole_app(self) -> Self:
        given = self.client_id or self.client_secret or self.refresh_token or self.scope
        if self.login_url and not (self.client_id and (self.client_secret or self.refresh_token)):
            raise ValueError("`login_url` needs `client_id` and `client_secret`, or a `refresh_token`")
        if given and not self.login_url:
            raise ValueError("`client_id`, `client_secret`, `refresh_token` and `scope` need `login_url`")
        return self

    def token_form(self) -> Mapping[str, str]:
        """What the provider is sent for a token."""
        asked = {"grant_type": "refresh_token" if self.refresh_token else "client_credentials"}
        given = {"client_id": self.client_id, "scope": self.scope}
        for name, secret in (("client_secret", self.client_secret), ("refresh_token", self.refresh_token)):
            given[name] = secret.get_secret_value() if secret else ""
        return asked | {name: value for name, value in given.items() if value}


def xoauth2(username: str, token: str) -> bytes:
    """What stands for a password (SASL XOAUTH2)."""
    return b64encode(f"user={username}\x01auth=Bearer {token}\x01\x01".encode())
