"""Posts each notice as signed JSON to an address of yours (Standard Webhooks).

    [targets.sev1-group]
    kind = "webhook"
    url = "https://hooks.example/sev1"
    secret = "${SEV1_WEBHOOK_SECRET}"     # whsec_ and 24 to 64 random bytes in base64

Make a secret with `echo whsec_$(openssl rand -base64 32)` and give it to the receiver, which verifies
`webhook-signature` with any Standard Webhooks library. `webhook-id` stays the same when a notice is sent again: a
receiver that remembers the ids it has seen gets each notice once. To change the secret, put the new one in `secret`
and the old one in `previous_secret`; both sign until you remove the old one.

The body is `{"type", "timestamp", "data": {"case", "reason", "step"}}` with the case as the API tells it; what is said
of no single case has `{"letter"}` as its data. Types: `case.opened`, `case.updated`, `case.escalated`, `case.closed`,
`case.shared`, `case.forgotten`, `sla.warning`, `sla.breached`, `incident.opened`, `incident.grown`, `incident.closed`,
`escalation.milestone`, `escalation.reminder` and `digest.weekly`. More may come: pass over what you do not know.

`case.forgotten` says that a case is no longer kept (`[retention]`): remove what you keep of `data.case.number`.

Any 2xx within `timeout` is success. 429, 408, 425 and 5xx are tried again, with the wait that Retry-After asks for; 410
and other 4xx are dead letters; 401, 403 and a page to log in at pause the target. Redirects are not followed.
"""

import asyncio
import base64
import binascii
import ssl
from datetime import datetime
from typing import Annotated, Literal

import httpx
from pydantic import AfterValidator, Field, SecretStr
from standardwebhooks import Webhook

from escalation_bridge import http, message
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.language.catalogue import Language
from leitstand.model import Delivery, Receipt
from leitstand.plugins import About
from leitstand.settings import TargetSettings

ABOUT = About(title="Webhook", summary="Signed JSON to an address of yours (Standard Webhooks).", removes="case")


def _signing_secret(value: SecretStr) -> SecretStr:
    written = value.get_secret_value().removeprefix("whsec_").rstrip("=")
    try:
        key = base64.b64decode(written + "=" * (-len(written) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not value.get_secret_value().startswith("whsec_") or not 24 <= len(key) <= 64:
        raise ValueError("must be whsec_ followed by 24 to 64 random bytes in base64")
    return value


def _address(value: str) -> str:
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        url = httpx.URL("")
    if url.scheme not in ("https", "http") or not url.host:
        raise ValueError("must be an address such as https://hooks.example/sev1")
    return value


SigningSecret = Annotated[SecretStr, AfterValidator(_signing_secret)]


class Settings(TargetSettings):
    """A receiver of webhooks."""

    kind: Literal["webhook"] = Field("webhook", description="webhook")
    url: Annotated[str, AfterValidator(_address)] = Field(description="Where notices are posted.", repr=False)
    secret: SigningSecret = Field(description="Signs every notice: whsec_ and 24 to 64 random bytes in base64.")
    previous_secret: SigningSecret | None = Field(
        None, description="The old secret, while the receiver changes to the new."
    )


def connect(name: str, settings: Settings, language: Language = "en") -> "WebhookTarget":
    """A target that posts to the address."""
    return WebhookTarget(settings)


class WebhookTarget:
    """One receiver."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._http = settings, http.Client()
        secrets = [settings.secret, settings.previous_secret]
        self._signers = [Webhook(s.get_secret_value()) for s in secrets if s]

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Post it."""
        now, body = clock.now(), message.webhook_body(delivery)
        answer = await http.post(self._http, self._settings.url, body, self.headers(delivery.key, body, now), now)
        if outcome := http.outcome(answer.status):
            raise answer.refusal(outcome)
        if answer.asks_to_log_in():
            raise DeliveryError(f"HTTP {answer.status}, but a page to log in at", DeliveryOutcome.UNAUTHORISED)
        return Receipt()

    async def remove(self, delivery: Delivery) -> Receipt:
        """Post that the case is no longer kept: the receiver removes what it has of it."""
        return await self.deliver(delivery)

    def headers(self, key: str, body: bytes, now: datetime) -> dict[str, str]:
        """The headers of Standard Webhooks for this attempt."""
        return {
            "Content-Type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(s.sign(key, now, body.decode()) for s in self._signers),
        }

    async def verify(self) -> str:
        """Connect, with TLS for https, and say nothing: any request could set something off."""
        url = httpx.URL(self._settings.url)
        port, tls = url.port or (443 if url.scheme == "https" else 80), url.scheme == "https"
        try:
            _, writer = await asyncio.open_connection(url.host, port, ssl=ssl.create_default_context() if tls else None)
        except (OSError, UnicodeError) as error:
            raise http.unreached(f"{url.host}:{port}", error) from error
        writer.close()
        return f"{url.host}:{port} accepts connections{' with a valid certificate' if tls else ''}"

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()
