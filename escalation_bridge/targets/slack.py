"""Posts each case to a Slack channel: one message a case, later notices in its thread, its state kept up to date.

    [targets.sev1-slack]
    kind = "slack"
    token = "${SLACK_BOT_TOKEN}"          # xoxb-…
    channel = "C0123456789"
    language = "en"
    timezone = "Europe/Berlin"

Create an app at https://api.slack.com/apps ("From scratch"), give its bot the scopes `chat:write`, `channels:history`
(`groups:history` for a private channel) and `metadata.message:read`, install it, copy the Bot User OAuth Token and
invite the bot into the channel (`/invite @its-name`). The channel's id stands at the end of its details.

Every message carries its notice's key as metadata. After a time-out or a lost connection the channel's history is asked
for that key first, so that a page appears once. `mention` is put before new and escalated cases: `<!here>`, or a user
group as `<!subteam^S0123456789>`. Nothing in a post can mention anybody.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal
from urllib.parse import urlencode

import msgspec
from pydantic import Field, SecretStr

from escalation_bridge import http, message
from escalation_bridge.contract import Language, ReaderSettings
from escalation_bridge.text import cut
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.model import Delivery, NoticeType, Receipt
from leitstand.plugins import About

ABOUT = About(
    title="Slack",
    summary="A channel: one message a case, later notices in its thread.",
    credentials_url="https://api.slack.com/apps",
)

HISTORY_SIZE = 8 * 1024 * 1024
HISTORY_PAGES = 50
SECTION_LENGTH = 2900
LINK_LENGTH = 2000
# Slack's clock and ours may differ by so much.
SKEW = timedelta(minutes=5)
EVENT_TYPE = "leitstand_notice"

_UPDATES = frozenset({NoticeType.CASE_UPDATED, NoticeType.CASE_CLOSED, NoticeType.INCIDENT_CLOSED})
_LOUD = frozenset({NoticeType.CASE_ESCALATED, NoticeType.SLA_BREACHED, NoticeType.ESCALATION_MILESTONE})
_MENTIONING = frozenset({NoticeType.CASE_OPENED, NoticeType.CASE_ESCALATED, NoticeType.INCIDENT_OPENED})
# The root message is not there any more, or not ours to change: say it in a message of its own.
_ROOT_GONE = frozenset({"message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed"})
_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_DOUBTFUL = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
# Only a person can mend these, and then everything waiting can go out.
_SHUT_OUT = frozenset(
    {
        *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope"),
        *("no_permission", "org_login_required", "not_allowed_token_type", "ekm_access_denied", "access_denied"),
        *("team_access_not_granted", "channel_not_found", "not_in_channel", "is_archived", "restricted_action"),
        *("restricted_action_read_only_channel", "restricted_action_thread_only_channel"),
    }
)


class Settings(ReaderSettings):
    """A Slack channel."""

    kind: Literal["slack"] = Field("slack", description="slack")
    token: SecretStr = Field(description="The bot's token, xoxb-…")
    channel: str = Field(pattern=r"^[CGD][A-Z0-9]{2,}$", description="The channel's id, as in C0123456789.")
    mention: str = Field(
        "",
        pattern=r"^(<!(here|channel|everyone|subteam\^[A-Z0-9]+)>|<@[A-Z0-9]+>)?$",
        description="Whom new and escalated cases mention: <!here>, <!subteam^S0123456789> or <@U0123456789>.",
    )
    api_url: str = Field("https://slack.com/api/", pattern=r"^https?://.+/$", description="The address of Slack's API.")
    rate: float = Field(1.0, gt=0, le=1000, description="At most so many messages a second; Slack allows about one.")


class SlackError(DeliveryError):
    """Slack said no; `code` is its word for it."""

    def __init__(self, code: str) -> None:
        self.code = cut(code, 100)
        super().__init__(f"Slack says {self.code}", _outcome(code))


class _Metadata(msgspec.Struct):
    event_payload: dict[str, object] = {}


class _Message(msgspec.Struct):
    ts: str = ""
    metadata: _Metadata | None = None


class _Next(msgspec.Struct):
    next_cursor: str = ""


class _Answer(msgspec.Struct):
    ok: bool
    error: str = ""
    ts: str = ""
    team: str = ""
    user: str = ""
    messages: list[_Message] = []
    response_metadata: _Next | None = None


def connect(name: str, settings: Settings, language: Language = "en") -> "SlackTarget":
    """A target that posts to the channel."""
    return SlackTarget(settings, language)


class SlackTarget:
    """One channel."""

    def __init__(self, settings: Settings, language: Language) -> None:
        self._settings, self._language, self._http = settings, language, http.client()

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Post it, or change the case's message where only its state is new."""
        words = message.render(delivery, self._settings, self._language, clock.now())
        mention = self._settings.mention if delivery.type in _MENTIONING else ""
        said = {**_said(words, mention), "channel": self._settings.channel}
        if delivery.thread_id:
            try:
                return await self._follow(delivery, said)
            except SlackError as error:
                if error.code not in _ROOT_GONE:
                    raise
        return await self._post(delivery, said)

    async def lookup(self, delivery: Delivery) -> Receipt | None:
        """Search the case's thread, or the channel since the notice was committed, for the notice's key."""
        if delivery.thread_id and delivery.type in _UPDATES:
            return None  # changing a message twice does no harm
        place = {"channel": self._settings.channel, "include_all_metadata": "true", "limit": "200"}
        place["oldest"] = f"{(delivery.created_at - SKEW).timestamp():.6f}"
        method = "conversations.history"
        if delivery.thread_id:
            method, place = "conversations.replies", {**place, "ts": delivery.thread_id}
        for _ in range(HISTORY_PAGES):
            page = await self._call(method, form=place)
            for one in page.messages:
                if one.metadata and one.metadata.event_payload.get("key") == delivery.key:
                    return Receipt(one.ts)
            if not page.response_metadata or not page.response_metadata.next_cursor:
                return None
            place = {**place, "cursor": page.response_metadata.next_cursor}
        raise DeliveryError("the channel's history is too long to search", DeliveryOutcome.REFUSED)

    async def verify(self) -> str:
        """Ask who we are and read one message's worth of history, which the look-up needs."""
        who = await self._call("auth.test", form={})
        await self._call("conversations.history", form={"channel": self._settings.channel, "limit": "1"})
        return f"{who.user} of {who.team} can read {self._settings.channel}"

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def _follow(self, delivery: Delivery, said: dict[str, object]) -> Receipt:
        if delivery.type in _UPDATES:
            await self._call("chat.update", json={**said, "ts": delivery.thread_id})
            return Receipt(delivery.thread_id)
        thread = {"thread_ts": delivery.thread_id, "reply_broadcast": delivery.type in _LOUD}
        return await self._post(delivery, {**said, **thread})

    async def _post(self, delivery: Delivery, said: dict[str, object]) -> Receipt:
        payload = {"key": delivery.key, "case": delivery.case.number}
        metadata = {"event_type": EVENT_TYPE, "event_payload": payload}
        quiet = {"unfurl_links": False, "unfurl_media": False}
        return Receipt((await self._call("chat.postMessage", json={**said, **quiet, "metadata": metadata})).ts)

    async def _call(
        self, method: str, *, json: Mapping[str, object] | None = None, form: Mapping[str, str] | None = None
    ) -> _Answer:
        body, kind = (
            (msgspec.json.encode(json), "application/json; charset=utf-8")
            if json is not None
            else (urlencode(form or {}).encode(), "application/x-www-form-urlencoded")
        )
        headers = {"Authorization": f"Bearer {self._settings.token.get_secret_value()}", "Content-Type": kind}
        url = self._settings.api_url + method
        answer = await http.post(self._http, url, body, headers, clock.now(), HISTORY_SIZE)
        if answer.status >= 500:
            raise DeliveryError(f"HTTP {answer.status}", DeliveryOutcome.UNKNOWN, retry_after=answer.retry_after)
        if outcome := http.outcome(answer.status):
            raise DeliveryError(f"HTTP {answer.status}", outcome, retry_after=answer.retry_after)
        try:
            said = msgspec.json.decode(answer.body, type=_Answer)
        except msgspec.MsgspecError as error:
            raise DeliveryError("an answer that is not Slack's", DeliveryOutcome.UNKNOWN) from error
        if not said.ok:
            raise SlackError(said.error)
        return said


def escape(text: str) -> str:
    """Text that Slack shows as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _outcome(code: str) -> DeliveryOutcome:
    if code in _LIMITED:
        return DeliveryOutcome.RATE_LIMITED
    if code in _DOUBTFUL:
        return DeliveryOutcome.UNKNOWN
    return DeliveryOutcome.UNAUTHORISED if code in _SHUT_OUT else DeliveryOutcome.REFUSED


def _said(words: message.Message, mention: str) -> dict[str, object]:
    """The message's text and blocks. What the post says stands in plain text, where no markup works."""
    facts = [f"*{escape(label)}:* {escape(text)}" for label, text in words.labelled]
    facts += [f"• {escape(line)}" for line in (*words.deadlines, *words.reasons)]
    links = [_link(words.link, words.word("case"))]
    if words.post and len(post := _link(words.post, words.word("post"))) < LINK_LENGTH:
        links.append(post)
    headline = f"{mention} *{escape(words.headline)}*".strip()
    blocks = [_section(headline), _section("\n".join(facts))]
    if words.text:
        blocks.append({"type": "section", "text": {"type": "plain_text", "text": words.text, "emoji": False}})
    blocks.append(_section(" · ".join(links)))
    return {
        "text": f"{mention} {escape(words.headline)}".strip(),
        "blocks": blocks,
        "parse": "none",
        "link_names": False,
    }


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION_LENGTH), "verbatim": True}}


def _link(url: str, label: str) -> str:
    safe = "".join(c if c.isprintable() and c not in "<>| " else f"%{ord(c):02X}" for c in url.replace("&", "&amp;"))
    return f"<{safe}|{escape(label)}>"
