"""How Slack's Web API is called, and what its ways of saying no mean for a delivery."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from pydantic import SecretStr

from escalation_bridge import http
from escalation_bridge.text import cut
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome

ANSWER_SIZE = 8 * 1024 * 1024
EVENT_TYPE = "leitstand_notice"

_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_DOUBTFUL = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
# A workspace on its way into an organisation, a channel on its way to another workspace.
_MOVING = frozenset({"team_added_to_org", "external_channel_migrating"})
# Only a person can mend these, and then everything waiting can go out.
_SHUT_OUT = frozenset(
    {
        *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope"),
        *("no_permission", "org_login_required", "not_allowed_token_type", "ekm_access_denied", "access_denied"),
        *("team_access_not_granted", "channel_not_found", "not_in_channel", "is_archived", "restricted_action"),
        *("restricted_action_read_only_channel", "restricted_action_thread_only_channel", "accesslimited"),
        *("two_factor_setup_required", "enterprise_is_restricted", "team_not_found", "messages_tab_disabled"),
        *("channel_is_limited_access", "method_deprecated", "deprecated_endpoint"),
    }
)


class SlackError(DeliveryError):
    """Slack said no; `code` is its word for it, `needed` the scope that the token lacks."""

    def __init__(self, code: str, outcome: DeliveryOutcome | None = None, *, needed: str = "") -> None:
        self.code = cut(code, 100)
        lacks = f": it needs {cut(needed, 100)}" if needed else ""
        super().__init__(f"Slack says {self.code}{lacks}", outcome or _outcome(code))


class Metadata(msgspec.Struct):
    """What we put beside a message of ours."""

    event_type: str = ""
    event_payload: dict[str, object] = {}


class Posted(msgspec.Struct):
    """A message in a channel's history."""

    ts: str = ""
    metadata: Metadata | None = None


class Channel(msgspec.Struct):
    """A channel, and who made it."""

    id: str = ""
    name: str = ""
    creator: str = ""


class Next(msgspec.Struct):
    """Where the next page begins."""

    next_cursor: str = ""


class Answer(msgspec.Struct):
    """What we read of any answer."""

    ok: bool
    error: str = ""
    needed: str = ""
    ts: str = ""
    team: str = ""
    user: str = ""
    user_id: str = ""
    url: str = ""
    messages: list[Posted] = []
    channel: Channel | str = ""
    channels: list[Channel] = []
    users: list[str] = []
    response_metadata: Next | None = None
    scopes: frozenset[str] = frozenset()  # what the token may, where Slack says so

    @property
    def next_page(self) -> str:
        """The cursor of the next page, "" at the end."""
        return self.response_metadata.next_cursor if self.response_metadata else ""


class Api:
    """One bot's way to Slack."""

    def __init__(self, url: str, token: SecretStr) -> None:
        self._url, self._token, self._http = url, token, http.Client()

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def call(
        self, method: str, *, json: Mapping[str, object] | None = None, form: Mapping[str, str] | None = None
    ) -> Answer:
        """Call a method and return what it says. Raises DeliveryError, SlackError where Slack itself says no."""
        body, kind = (
            (msgspec.json.encode(json), "application/json; charset=utf-8")
            if json is not None
            else (urlencode(form or {}).encode(), "application/x-www-form-urlencoded")
        )
        headers = {"Authorization": f"Bearer {self._token.get_secret_value()}", "Content-Type": kind}
        url = self._url + method
        answer = await http.post(self._http, url, body, headers, clock.now(), ANSWER_SIZE)
        if answer.status >= 500:
            raise answer.refusal(DeliveryOutcome.UNKNOWN)
        if outcome := http.outcome(answer.status):
            raise answer.refusal(outcome)
        try:
            said = msgspec.json.decode(answer.body, type=Answer)
        except msgspec.MsgspecError as error:
            raise DeliveryError("an answer that is not Slack's", DeliveryOutcome.UNKNOWN) from error
        if not said.ok:
            raise SlackError(said.error, needed=said.needed)
        said.scopes = frozenset(scope.strip() for scope in answer.scopes.split(",") if scope.strip())
        return said


def _outcome(code: str) -> DeliveryOutcome:
    if code in _LIMITED:
        return DeliveryOutcome.RATE_LIMITED
    if code in _DOUBTFUL:
        return DeliveryOutcome.UNKNOWN
    if code in _MOVING:
        return DeliveryOutcome.RETRY
    return DeliveryOutcome.UNAUTHORISED if code in _SHUT_OUT else DeliveryOutcome.REFUSED
