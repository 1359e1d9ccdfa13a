"""WebSub: hubs tell us at once what is new in a feed. Polling stays as the net: hubs drop subscriptions silently.

    our side (listen)   feed names its hub and topic ─► subscribe, renew long before the lease ends
    their side (hook)   GET: does this subscription come from us? ─► the challenge, else 404
                        POST: signed? ─► the feed in it, read like a fetched one
Nothing is stored for it: the callback's address carries a key that only we can make, and the secret that a hub signs
with follows from the topic and the operator's secret.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from leitstand.errors import HookRefusedError
from leitstand.signatures import same
from listeners.feeds.document import Feed
from listeners.feeds.finding import joined
from listeners.fetch import Fetcher, Page
from listeners.hooks import HookRequest
from listeners.plaintext import is_link

LEASE: Final = 4 * 86_400  # seconds that we ask for
RENEW_AFTER: Final = LEASE / 4  # hubs may grant less
TRY_AGAIN_AFTER: Final = 3_600.0
_METHODS: Final = {"sha1", "sha256", "sha384", "sha512"}
_LINK: Final = re.compile(r"<([^<>]*)>([^<]*)")
_REL: Final = re.compile(r"""\brel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hub:
    """Where to subscribe, and to what."""

    url: str
    topic: str


@dataclass(frozen=True, slots=True)
class Push:
    """Where hubs call us, and what their calls are told from others by."""

    url: str
    secret: str = field(repr=False)

    def callback(self, topic: str) -> str:
        """The address for one topic. Nobody else can make one."""
        separator = "&" if "?" in self.url else "?"
        return f"{self.url}{separator}{urlencode({'topic': topic, 'key': self._derived('callback', topic)[:32]})}"

    def signing(self, topic: str) -> str:
        """What the hub signs this topic's calls with."""
        return self._derived("signing", topic)

    def topic_of(self, request: HookRequest) -> str:
        """The topic of a call. Raises HookRefusedError if we never gave out this address."""
        topic, key = request.query.get("topic", ""), request.query.get("key", "")
        if not topic or not same(key, self._derived("callback", topic)[:32]):
            raise HookRefusedError("there is no such subscription", 404)
        return topic

    def _derived(self, purpose: str, topic: str) -> str:
        words = f"{purpose} {topic}".encode("utf-8", "replace")
        return hmac.new(self.secret.encode(), words, hashlib.sha256).hexdigest()


def hub_of(page: Page, feed: Feed) -> Hub | None:
    """The hub of a feed, by its headers or else by the feed itself; None where it has none."""
    linked = {rel: url for url, rels in _links(page) for rel in rels}
    hub = linked.get("hub") or feed.hub
    topic = linked.get("self") or feed.topic or page.url
    hub, topic = (joined(page.url, hub), joined(page.url, topic)) if hub else ("", "")
    return Hub(hub, topic) if is_link(hub) and is_link(topic) else None


def _links(page: Page) -> list[tuple[str, list[str]]]:
    """The Link headers: addresses with what they are."""
    found = []
    for url, parameters in _LINK.findall(page.headers.get("link", "")[:8_000]):
        rel = _REL.search(parameters)
        found.append((url, (rel[1] or rel[2]).lower().split() if rel else []))
    return found


async def subscribe(fetcher: Fetcher, hub: Hub, push: Push) -> None:
    """Ask the hub to call us. It then asks back whether we meant it. Raises FetchError."""
    form = {
        "hub.mode": "subscribe",
        "hub.topic": hub.topic,
        "hub.callback": push.callback(hub.topic),
        "hub.secret": push.signing(hub.topic),
        "hub.lease_seconds": str(LEASE),
        "hub.verify": "async",  # older hubs want it
    }
    page = await fetcher.post(hub.url, form)
    if page.status in (307, 308) and is_link(moved := joined(hub.url, page.headers.get("location", ""))):
        page = await fetcher.post(moved, form)
    if page.status >= 300:
        raise page.refusal(f"the hub does not take our subscription (HTTP {page.status})")


def confirmed(push: Push, request: HookRequest) -> str:
    """The answer to a hub that asks whether a subscription is ours. Raises HookRefusedError."""
    topic = push.topic_of(request)
    mode, challenge = request.query.get("hub.mode", ""), request.query.get("hub.challenge", "")
    if mode == "denied":
        return "understood"  # the feed is polled anyway
    if mode != "subscribe" or request.query.get("hub.topic") != topic or not challenge:
        raise HookRefusedError("there is no such subscription", 404)
    return challenge


def pushed(push: Push, request: HookRequest) -> str:
    """The topic of a delivery that its hub has signed. Raises HookRefusedError."""
    topic = push.topic_of(request)
    method, _, given = request.headers.get("x-hub-signature", "").partition("=")
    if method not in _METHODS:
        raise HookRefusedError("the call is not signed: there is no header x-hub-signature that we know", 401)
    expected = hmac.new(push.signing(topic).encode(), request.body, method).hexdigest()
    if not same(given.strip().lower(), expected):
        raise HookRefusedError("the signature in x-hub-signature is not right", 401)
    return topic
