"""Channels of a case's own on Slack: made once under a name that follows from the case, or found again.

    create ─► taken? ─► ours: we made it, or told this case there ─► topic, people
                    └─► another's, or archived: the name with a number behind it

Slack knows no keys for this, so everything can be done again: a channel is found by its name and maker, a topic is set
to what it is, who is in is in. The message comes last, so that where it is found nothing is missing.
"""

import re
from collections.abc import Mapping, Sequence

import structlog

from escalation_bridge.slack_api import EVENT_TYPE, Answer, Api, Channel, SlackError
from escalation_bridge.slack_words import escape, weight
from escalation_bridge.text import fit, neutralise, one_line
from leitstand.errors import DeliveryError, DeliveryOutcome
from leitstand.model import CaseSnapshot, Delivery, Room

log = structlog.get_logger()

NAME_LENGTH, TOPIC_LENGTH = 72, 250
NAMES_TRIED, PAGES, INVITED_AT_ONCE = 4, 50, 100
# These shut out the whole target; any other refusal is only about channels: the case's next step is better than a wait.
_NOT_LET_IN = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})


class Rooms:
    """What one bot knows of channels. `members` are a name's people: users, and groups of users."""

    def __init__(self, api: Api, members: Mapping[str, Sequence[str]], *, private: bool) -> None:
        self._api, self._members, self._private = api, members, private
        self._me: Answer | None = None

    async def opened(self, delivery: Delivery) -> Room:
        """The case's channel, made if need be, with its topic and its people."""
        channel = await self._make(delivery)
        await self._if_allowed("conversations.setTopic", {"channel": channel.id, "topic": _topic(delivery.case)})
        people = await self._people(delivery.invited)
        for start in range(0, len(people), INVITED_AT_ONCE):
            some = ",".join(people[start : start + INVITED_AT_ONCE])
            await self._if_allowed("conversations.invite", {"channel": channel.id, "users": some, "force": "true"})
        return await self.room(channel)

    async def found(self, delivery: Delivery) -> Room | None:
        """The case's channel if it is there."""
        for name in _names(delivery.room):
            if (channel := await self._named(name)) and await self._is_ours(channel, delivery):
                return await self.room(channel)
        return None

    async def rename(self, channel: str, topic: str) -> None:
        """Put this in place of the case's title, which is the channel's topic."""
        await self._if_allowed("conversations.setTopic", {"channel": channel, "topic": topic})

    async def room(self, channel: Channel) -> Room:
        """The channel as others are told of it."""
        url = (await self._whoami()).url
        return Room(channel.id, channel.name, f"{url.rstrip('/')}/archives/{channel.id}" if url else "")

    async def _make(self, delivery: Delivery) -> Channel:
        for name in _names(delivery.room):
            private = "true" if self._private else "false"
            try:
                made = (await self._call("conversations.create", {"name": name, "is_private": private})).channel
            except SlackError as error:
                if error.code != "name_taken":
                    raise
                there = await self._named(name)
                if there is not None and await self._is_ours(there, delivery):
                    return there
                continue
            if isinstance(made, Channel) and made.id:
                return made
            raise DeliveryError("Slack made a channel and does not say which", DeliveryOutcome.UNKNOWN)
        raise DeliveryError("all names of the case's channel are taken by others", DeliveryOutcome.REFUSED)

    async def _named(self, name: str) -> Channel | None:
        kinds = "private_channel" if self._private else "public_channel"
        asked = {"types": kinds, "exclude_archived": "true", "limit": "1000"}
        for _ in range(PAGES):
            page = await self._call("conversations.list", asked)
            if found := next((c for c in page.channels if c.name == name), None):
                return found
            if not page.next_page:
                return None
            asked["cursor"] = page.next_page
        return None

    async def _is_ours(self, channel: Channel, delivery: Delivery) -> bool:
        """Whether we made it and it tells of no other case, or have told of this one there."""
        asked = {"channel": channel.id, "include_all_metadata": "true", "limit": "200"}
        try:
            said = (await self._call("conversations.history", asked)).messages
        except SlackError as error:
            if error.outcome is not DeliveryOutcome.REFUSED:
                raise
            return False
        told = [m.metadata.event_payload for m in said if m.metadata and m.metadata.event_type == EVENT_TYPE]
        if told:
            return any(payload.get("case") == delivery.case.number for payload in told)
        return channel.creator == (await self._whoami()).user_id

    async def _people(self, names: Sequence[str]) -> list[str]:
        """The users behind the names; a group's are asked for."""
        wanted = dict.fromkeys(one for name in names for one in self._members.get(name, ()))
        users: dict[str, None] = {}
        for one in wanted:
            if not one.startswith("S"):
                users[one] = None
            elif group := await self._if_allowed("usergroups.users.list", {"usergroup": one}):
                users.update(dict.fromkeys(group.users))
        return list(users)

    async def _whoami(self) -> Answer:
        if self._me is None:
            self._me = await self._call("auth.test", {})
        return self._me

    async def _if_allowed(self, method: str, form: Mapping[str, str]) -> Answer | None:
        """A channel without its topic, or without somebody, is better than none."""
        try:
            return await self._call(method, form)
        except SlackError as error:
            if error.outcome is not DeliveryOutcome.REFUSED:
                raise
            if error.code != "already_in_channel":
                log.warning("not all of a case's channel could be set up", method=method, reason=error.code)
            return None

    async def _call(self, method: str, form: Mapping[str, str]) -> Answer:
        try:
            return await self._api.call(method, form=form)
        except SlackError as error:
            if error.outcome is DeliveryOutcome.UNAUTHORISED and error.code not in _NOT_LET_IN:
                raise SlackError(error.code, DeliveryOutcome.REFUSED) from error
            raise


def _topic(case: CaseSnapshot) -> str:
    """What a case's channel is about. A topic is markup, too."""
    topic = fit(one_line(neutralise(f"{case.severity.value.upper()} {case.title}")), 150, weight)
    link = f" · {case.link}" if len(case.link) < TOPIC_LENGTH - 155 else ""
    return escape(topic + link)


def _names(wanted: str) -> list[str]:
    """The names to try: letters, digits and dashes only, and short enough for a number behind it."""
    name = re.sub(r"[^a-z0-9_-]+", "-", wanted.casefold()).strip("-")[:NAME_LENGTH] or "case"
    return [name, *(f"{name}-{n}" for n in range(2, NAMES_TRIED + 1))]
