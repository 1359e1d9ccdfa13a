"""The webhook target: the published signature vector, rotation, the answers it understands."""

import asyncio
import re
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError
from standardwebhooks import Webhook

from escalation_bridge.targets import webhook
from leitstand import clock
from leitstand.model import NoticeType
from tests.escalation_bridge.receivers import receiver

# The vector of github.com/standard-webhooks/standard-webhooks (MIT). Its secret is a public test value.
VECTOR_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIMESTAMP = 1614265330
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER_SECRET = "whsec_" + "bGVpdHN0YW5k" * 3
AT = datetime.fromtimestamp(VECTOR_TIMESTAMP, UTC)


def target(**more: str) -> webhook.WebhookTarget:
    return webhook.connect("hook", webhook.Settings.model_validate({"url": "https://hooks.example/sev1", **more}))


def test_the_published_vector() -> None:
    headers = target(secret=VECTOR_SECRET).headers(VECTOR_ID, VECTOR_BODY, AT)
    assert headers["webhook-signature"] == VECTOR_SIGNATURE
    assert headers["webhook-timestamp"] == str(VECTOR_TIMESTAMP)
    assert headers["webhook-id"] == VECTOR_ID


def test_both_secrets_sign_while_one_replaces_the_other() -> None:
    now = datetime.now(UTC)
    headers = target(secret=OTHER_SECRET, previous_secret=VECTOR_SECRET).headers("msg_1", VECTOR_BODY, now)
    for secret in (OTHER_SECRET, VECTOR_SECRET):
        assert Webhook(secret).verify(VECTOR_BODY, headers) == {"test": 2432232314}


@pytest.mark.parametrize(
    "secret",
    [
        "", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_" + "A" * 200,
        "whsec_" + "bGVpdHN0YW5k" * 3 + "-_-_",
    ],
)  # fmt: skip
def test_a_weak_secret_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValidationError, match="24 to 64 random bytes") as caught:
        target(secret=secret)
    assert len(secret) < 8 or secret not in str(caught.value.errors(include_input=False))


@pytest.mark.parametrize("size", [24, 64])
def test_the_shortest_and_the_longest_secret_sign(size: int) -> None:
    secret, now = "whsec_" + b64encode(bytes(range(size))).decode(), clock.now()
    headers = target(secret=secret).headers("msg_1", b"{}", now)
    assert Webhook(secret).verify(b"{}", headers) == {}


@pytest.mark.parametrize("size", [23, 65])
def test_shorter_and_longer_ones_are_refused(size: int) -> None:
    with pytest.raises(ValidationError, match="24 to 64 random bytes"):
        target(secret="whsec_" + b64encode(bytes(range(size))).decode())


def test_a_secret_may_lack_its_padding() -> None:
    secret, now = "whsec_" + "bGVpdHN0YW5k" * 3 + "bGU", clock.now()
    assert target(secret=secret).headers("msg_1", b"{}", now) == target(secret=f"{secret}=").headers(
        "msg_1", b"{}", now
    )


def test_its_guide_names_every_type_of_notice() -> None:
    assert set(re.findall(r"`(\w+\.\w+)`", webhook.__doc__ or "")) == {kind.value for kind in NoticeType}


@pytest.mark.parametrize("url", ["", "hooks.example", "ftp://hooks.example", "https://", "javascript:alert(1)"])
def test_only_http_addresses(url: str) -> None:
    with pytest.raises(ValidationError, match="must be an address"):
        webhook.Settings.model_validate({"url": url, "secret": OTHER_SECRET})


def test_verifying_connects_to_its_very_port_and_sends_nothing() -> None:
    with receiver() as server:
        hook = webhook.connect("hook", webhook.Settings.model_validate({"url": server.url, "secret": OTHER_SECRET}))
        said = asyncio.run(hook.verify())
        assert server.requests.empty()
    assert said == f"127.0.0.1:{server.url.rpartition(':')[2].strip('/')} accepts connections"
