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

When a case is no longer kept (`[retention]`) the bot removes its messages about it; when an author is erased it empties
the first and removes the others. What people wrote below them stays.

A step `{ channel = "sev1-slack" }` opens a channel of the case's own, named like `cloud-support-sev1-27343`: its link
is on the case's timeline, and when the case is solved the channel is told. It needs the scopes `channels:manage` and
`channels:read` (private: `groups:write`, `groups:read`), and `usergroups:read` for groups. Who is invited stands in
`room_members`: the people of the case's team, whoever is on call, and who has the case:

    [targets.sev1-slack.room_members]
    cloud-support = ["S0123456789"]
    anna = ["U0123456789"]
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

import structlog
from pydantic import Field, SecretStr

from escalation_bridge import message
from escalation_bridge.contract import ReaderSettings
from escalation_bridge.slack_api import EVENT_TYPE, Answer, Api, SlackError
from escalation_bridge.slack_rooms import Rooms
from escalation_bridge.slack_words import Said, said
from leitstand import clock
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.language.catalogue import Language
from leitstand.model import Delivery, NoticeType, Receipt, Room
from leitstand.plugins import About

ABOUT = About(
    title="Slack",
    summary="A channel: one message a case, later notices in its thread.",
    credentials_url="https://api.slack.com/apps",
    removes="messages",
)

log = structlog.get_logger()

HISTORY_PAGES = 50
# Slack's clock and ours may differ by so much.
SKEW = timedelta(minutes=5)

# These change the case's message, of which Slack tells nobody.
_UPDATES = frozenset({NoticeType.CASE_UPDATED, NoticeType.CASE_CLOSED})
_INCIDENT = frozenset({NoticeType.INCIDENT_OPENED, NoticeType.INCIDENT_GROWN, NoticeType.INCIDENT_CLOSED})
_PROJECT = frozenset({NoticeType.ESCALATION_MILESTONE, NoticeType.ESCALATION_REMINDER})
_LOUD = _INCIDENT | _PROJECT | {NoticeType.CASE_ESCALATED, NoticeType.SLA_BREACHED}
_MENTIONING = frozenset({NoticeType.CASE_OPENED, NoticeType.CASE_ESCALATED, NoticeType.INCIDENT_OPENED})
_REMOVED = frozenset({"message_not_found", "thread_not_found"})
_ROOM_GONE = frozenset({"channel_not_found", "is_archived", "not_in_channel"})
# The root message is not there any more, not ours to change or not to be answered: say it in a message of its own.
_ROOT_GONE = frozenset(
    {
        *("message_not_found", "thread_not_found", "cant_update_message", "edit_window_closed", "is_inactive"),
        *("cannot_reply_to_message", "restricted_action_non_threadable_channel", "restricted_action_thread_locked"),
    }
)
# Slack does not take the message as it is made: it is said in one line, because a plain page is better than none.
_NOT_SO = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
# What `conversations.history` does not tell that it is missing. Without the second a look-up finds nothing.
_NEEDED = ("chat:write", "metadata.message:read")
_NO_THREAD: Mapping[str, object] = {}


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
    room_private: bool = Field(False, description="true: a case's own channel is private.")
    room_members: dict[str, list[Annotated[str, Field(pattern=r"^[USW][A-Z0-9]{2,}$")]]] = Field(
        {},
        description="Who is invited into a case's own channel: a team, rota person or colleague and their Slack ids.",
    )
    api_url: str = Field("https://slack.com/api/", pattern=r"^https?://.+/$", description="The address of Slack's API.")
    rate: float = Field(1.0, gt=0, le=1000, description="At most so many messages a second; Slack allows about one.")


def connect(name: str, settings: Settings, language: Language = "en") -> "SlackTarget":
    """A target that posts to the channel."""
    return SlackTarget(settings, language)


class SlackTarget:
    """One channel."""

    def __init__(self, settings: Settings, language: Language) -> None:
        self._settings, self._language = settings, language
        self._api = Api(settings.api_url, settings.token)
        self._rooms = Rooms(self._api, settings.room_members, private=settings.room_private)

    async def deliver(self, delivery: Delivery) -> Receipt:
        """Post it, or change the case's message where only its state is new."""
        words = self._words(delivery)
        if delivery.thread_id:
            try:
                return await self._follow(delivery, words)
            except SlackError as error:
                if error.code not in _ROOT_GONE:
                    raise
        return await self._post(delivery, words, self._settings.channel)

    async def open_room(self, delivery: Delivery) -> Receipt:
        """Tell it in the case's own channel, which is opened if it is not there."""
        if delivery.room_id:
            room = Room(delivery.room_id, delivery.room)
            try:
                return await self._post(delivery, self._words(delivery), room.id)
            except SlackError as error:
                if error.code not in _ROOM_GONE:
                    raise
        room = await self._rooms.opened(delivery)
        try:
            told = await self._post(delivery, self._words(delivery), room.id)
        except SlackError as error:
            if error.code in _ROOM_GONE:
                raise SlackError(error.code, DeliveryOutcome.REFUSED) from error
            raise
        return Receipt(told.remote_id, room)

    async def lookup(self, delivery: Delivery) -> Receipt | None:
        """Search the case's thread, or the channel since the notice was committed, for the notice's key."""
        if delivery.room:
            room = Room(delivery.room_id, delivery.room) if delivery.room_id else await self._rooms.found(delivery)
            found = await self._search(delivery, room.id, "") if room else None
            return Receipt(found.remote_id, None if delivery.room_id else room) if found else None
        if delivery.thread_id and delivery.type in _UPDATES:
            return None  # changing a message twice does no harm
        return await self._in_thread(delivery) or await self._search(delivery, self._settings.channel, "")

    async def _in_thread(self, delivery: Delivery) -> Receipt | None:
        """None also where the thread has gone: the notice may then stand in the channel."""
        if not delivery.thread_id:
            return None
        try:
            return await self._search(delivery, self._settings.channel, delivery.thread_id)
        except SlackError as error:
            if error.code not in _ROOT_GONE:
                raise
            return None

    async def _search(self, delivery: Delivery, channel: str, thread: str) -> Receipt | None:
        place = {"channel": channel, "include_all_metadata": "true", "limit": "200"}
        place["oldest"] = f"{(delivery.created_at - SKEW).timestamp():.6f}"
        method = "conversations.history"
        if thread:
            method, place = "conversations.replies", {**place, "ts": thread}
        for _ in range(HISTORY_PAGES):
            page = await self._api.call(method, form=place)
            for one in page.messages:
                if one.metadata and one.metadata.event_payload.get("key") == delivery.key:
                    return Receipt(one.ts)
            if not page.next_page:
                return None
            place = {**place, "cursor": page.next_page}
        raise DeliveryError("the channel's history is too long to search", DeliveryOutcome.REFUSED)

    async def remove(self, delivery: Delivery) -> Receipt:
        """Delete the bot's message, and what a channel of the case's own says of it at its head."""
        if delivery.room and not delivery.room_id:
            return Receipt()  # nothing was ever told there
        channel = delivery.room_id if delivery.room else self._settings.channel
        try:
            if delivery.room:
                await self._rooms.rename(channel, str(delivery.case.number))
            if delivery.withdraws:
                await self._api.call("chat.delete", json={"channel": channel, "ts": delivery.withdraws})
        except SlackError as error:
            if error.code in _REMOVED or (delivery.room and error.code == "channel_not_found"):
                return Receipt()
            if delivery.room and error.code in _ROOM_GONE:
                raise SlackError(error.code, DeliveryOutcome.REFUSED) from error
            raise
        return Receipt()

    async def verify(self) -> str:
        """Ask who we are and read one message's worth of history, which the look-up needs."""
        who = await self._api.call("auth.test", form={})
        for scope in _NEEDED if who.scopes else ():
            if scope not in who.scopes:
                raise SlackError("missing_scope", needed=scope)
        await self._api.call("conversations.history", form={"channel": self._settings.channel, "limit": "1"})
        return f"{who.user} of {who.team} can read {self._settings.channel}"

    async def close(self) -> None:
        """Close connections."""
        await self._api.close()

    def _words(self, delivery: Delivery) -> Said:
        words = message.render(delivery, self._settings, self._language, clock.now())
        return said(words, self._settings.mention if delivery.type in _MENTIONING else "")

    async def _follow(self, delivery: Delivery, words: Said) -> Receipt:
        channel = self._settings.channel
        if delivery.type in _UPDATES:
            await self._say("chat.update", words, {"channel": channel, "ts": delivery.thread_id})
            return Receipt(delivery.thread_id)
        thread = {"thread_ts": delivery.thread_id, "reply_broadcast": delivery.type in _LOUD}
        return await self._post(delivery, words, channel, thread)

    async def _post(
        self, delivery: Delivery, words: Said, channel: str, thread: Mapping[str, object] = _NO_THREAD
    ) -> Receipt:
        payload = {"key": delivery.key, "case": delivery.case.number}
        metadata = {"event_type": EVENT_TYPE, "event_payload": payload}
        more = {"channel": channel, "unfurl_links": False, "unfurl_media": False, "metadata": metadata, **thread}
        return Receipt((await self._say("chat.postMessage", words, more)).ts)

    async def _say(self, method: str, words: Said, more: Mapping[str, object]) -> Answer:
        fixed = {"parse": "none", "link_names": False, **more}
        try:
            return await self._api.call(method, json={**fixed, "text": words.text, "blocks": words.blocks})
        except SlackError as error:
            if error.code not in _NOT_SO:
                raise
            log.warning("Slack does not take the message as it is made: said in one line", reason=error.code)
            return await self._api.call(method, json={**fixed, "text": f"{words.text} · {words.links}", "blocks": []})
