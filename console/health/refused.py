"""What a source or target that did not verify says: who was asked, what happened, and what to do about it. Pure."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from pydantic import SecretStr

from console.health.finding import Finding, State
from console.offline.wording import span
from leitstand.errors import DeliveryError, DeliveryOutcome, FetchError, LeitstandError, PluginError
from leitstand.settings import ListenerSettings, TargetSettings
from leitstand.unreached import Obstacle, obstacle

_MOST_HOSTS = 3
_ADVICE = {
    Obstacle.NAME: "is it spelt right? a name of your own network needs a name server that knows it",
    Obstacle.NO_NAME_SERVER: "does the name server of this host work (/etc/resolv.conf)?",
    Obstacle.REFUSED: "does the server run, and is the port right?",
    Obstacle.CERTIFICATE: "renew it, use the name that it is made for, or name a file with the authorities that you"
    " trust in SSL_CERT_FILE",
    Obstacle.TLS: "does this port speak TLS? http and https, redis and rediss, or 465 and 587 are easily mixed up",
    Obstacle.SILENT: "does a firewall hold it back, or is the server overloaded? check again",
    Obstacle.NO_WAY: "look at the network, the routes and the firewall of this host",
    Obstacle.BROKEN_OFF: "is the port right, or does something in between (a proxy, a firewall) end it? check again",
}
_OKAY, _REFUSED = 200, 300
_GONE = (404, 410)
_LATER = "it is in trouble itself: look at its status page, or check again later"
_LIMITED = "it has had too many requests: wait{}, then check again"

Entry = ListenerSettings | TargetSettings


def refused(part: str, error: Exception, entry: Entry, credentials_url: str = "") -> Finding:
    """What became of asking `entry`; `credentials_url` is where its secrets are issued."""
    return Finding(part, State.FAIL, _said(error, entry), _advice(error, entry, credentials_url))


def advice_on(found: Obstacle) -> str:
    """What to do about what is in the way."""
    return _ADVICE[found]


def _said(error: Exception, entry: Entry) -> str:
    foreseen = isinstance(error, LeitstandError)
    message = str(error) if foreseen else f"{type(error).__name__}: {error}"
    told = [one for one in (_who(error, entry, message), _status(error, message)) if one]
    own = _without(_secrets(entry), error.said) if isinstance(error, FetchError | DeliveryError) else ""
    more = f" ({', '.join(told)})" if told else ""
    return f"{message}{more}{f'; it says “{own}”' if own and own not in message else ''}"


def _who(error: Exception, entry: Entry, message: str) -> str:
    """The hosts that were asked, "" where the message names one of them already."""
    if isinstance(error, PluginError):
        return ""
    named = getattr(error, "host", "")
    asked = [named] if named else list(dict.fromkeys(hosts(entry)))
    if any(host in message for host in asked):
        return ""
    more = ", …" if len(asked) > _MOST_HOSTS else ""
    return ", ".join(asked[:_MOST_HOSTS]) + more


def _status(error: Exception, message: str) -> str:
    status = error.status if isinstance(error, FetchError) else 0
    return f"HTTP {status}" if status >= _REFUSED and str(status) not in message else ""


def hosts(entry: Entry) -> Iterator[str]:
    """Whom an entry's addresses lead to. Their names only: an address may hold a key."""
    for name, value in entry:
        if name == "host" and isinstance(value, str):
            yield value
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and "://" in one:
                yield urlsplit(one).hostname or ""


def _secrets(entry: Entry) -> list[str]:
    values = [one for _, value in entry for one in (value if isinstance(value, list) else [value])]
    return [one.get_secret_value() for one in values if isinstance(one, SecretStr) and one]


def _without(secrets: list[str], said: str) -> str:
    """What a service says may repeat what it was sent."""
    for secret in secrets:
        said = said.replace(secret, "…")
    return said


def _advice(error: Exception, entry: Entry, credentials_url: str) -> str:
    if isinstance(error, PluginError):
        return ""  # it says what to install
    if found := obstacle(error):
        return _ADVICE[found]
    issued = f"; its secrets are issued at {credentials_url}" if credentials_url else ""
    needs = f"`leitstand integrations {entry.kind}` says what it needs{issued}"
    match error:
        case FetchError(host=host, status=status) if host and _OKAY <= status < _REFUSED:
            return f"does something else answer there (a login page, a proxy)? {needs}"
        case FetchError(permanent=False, status=status) if status in _GONE:
            return "is it still there, and is its address or name right?"
        case FetchError(permanent=False, retry_after=timedelta() as wait):
            return _LIMITED.format(f" for {span(wait)}" if wait else "")
        case FetchError(status=429) | DeliveryError(outcome=DeliveryOutcome.RATE_LIMITED):
            return _LIMITED.format("")
        case FetchError(permanent=False, status=status) if status >= 500:
            return _LATER
        case DeliveryError(outcome=DeliveryOutcome.RETRY | DeliveryOutcome.UNKNOWN):
            return _LATER
    return needs
