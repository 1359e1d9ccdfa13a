"""A small Slack that speaks the true protocol: one channel, threads, metadata, and the ways it says no."""

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

from leitstand import clock
from tests.escalation_bridge.receivers import DROP, Reply, Request

TOKEN, CHANNEL, BOT = "xoxb-test-token", "C0123456789", "U0BOT"


@dataclass
class FakeRoom:
    """A channel beside the usual one. `hidden`: another's private one, whose name is taken all the same."""

    id: str
    name: str
    creator: str
    private: bool = False
    archived: bool = False
    hidden: bool = False
    topic: str = ""
    members: list[str] = field(default_factory=list)


@dataclass
class FakeSlack:
    """`misbehave` maps a method to replies given instead, in turn; `drop_after` methods are done but not answered."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    misbehave: dict[str, list[Reply]] = field(default_factory=dict)
    drop_after: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    page_size: int = 200
    rooms: dict[str, "FakeRoom"] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    users: frozenset[str] = frozenset({"U0ANNA", "U0BEN"})
    scopes: str = "chat:write,channels:history,metadata.message:read"

    def __call__(self, request: Request) -> Reply:
        reply = self._answered(request)
        return replace(reply, headers={"X-OAuth-Scopes": self.scopes, **reply.headers}) if self.scopes else reply

    def _answered(self, request: Request) -> Reply:
        method = request.path.rpartition("/")[2]
        self.calls.append(method)
        if self.misbehave.get(method):
            return self.misbehave[method].pop(0)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return error("invalid_auth")
        handlers: dict[str, Callable[[Mapping[str, Any]], Reply]] = {
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
            "conversations.create": self._create,
            "conversations.list": self._list,
            "conversations.setTopic": self._topic,
            "conversations.invite": self._invite,
            "usergroups.users.list": lambda asked: ok(users=self.groups.get(asked["usergroup"], [])),
            "auth.test": lambda _: ok(
                team="Acme", user="leitstand", user_id=BOT, url="https://acme-test.slack.example/"
            ),
        }
        reply = handlers[method](arguments(request))
        if method in self.drop_after:
            self.drop_after.remove(method)
            return DROP
        return reply

    def _post(self, said: Mapping[str, Any]) -> Reply:
        if said["channel"] != CHANNEL and said["channel"] not in self.rooms:
            return error("channel_not_found")
        if said["channel"] in self.rooms and self.rooms[said["channel"]].archived:
            return error("is_archived")
        if said.get("thread_ts") and not self._find(said["thread_ts"]):
            return error("thread_not_found")
        if wrong := refusal(said):
            return error(wrong)
        ts = f"{clock.now().timestamp() + len(self.messages):.6f}"
        self.messages.append({**said, "ts": ts})
        return ok(channel=said["channel"], ts=ts)

    def _create(self, asked: Mapping[str, Any]) -> Reply:
        if not re.fullmatch(r"[a-z0-9_-]{1,80}", asked["name"]):
            return error("invalid_name_specials")
        if any(room.name == asked["name"] for room in self.rooms.values()):
            return error("name_taken")
        room = FakeRoom(f"C0ROOM{len(self.rooms)}", asked["name"], BOT, private=asked["is_private"] == "true")
        self.rooms[room.id] = room
        return ok(channel={"id": room.id, "name": room.name, "creator": room.creator})

    def _list(self, asked: Mapping[str, Any]) -> Reply:
        private = asked["types"] == "private_channel"
        found = [r for r in self.rooms.values() if r.private == private and not r.archived and not r.hidden]
        start = int(asked.get("cursor") or 0)
        shown = [{"id": r.id, "name": r.name, "creator": r.creator} for r in found[start : start + self.page_size]]
        after = start + self.page_size
        return ok(channels=shown, response_metadata={"next_cursor": str(after) if after < len(found) else ""})

    def _topic(self, asked: Mapping[str, Any]) -> Reply:
        if len(unescaped(asked["topic"])) > 250:
            return error("too_long")
        if asked["channel"] not in self.rooms:
            return error("channel_not_found")
        self.rooms[asked["channel"]].topic = asked["topic"]
        return ok()

    def _invite(self, asked: Mapping[str, Any]) -> Reply:
        room, wanted = self.rooms[asked["channel"]], asked["users"].split(",")
        known = [user for user in wanted if user in self.users]
        if not set(known) - set(room.members):
            return error("already_in_channel" if known else "user_not_found")
        room.members = list(dict.fromkeys([*room.members, *known]))
        return ok()

    def _update(self, said: Mapping[str, Any]) -> Reply:
        message = self._find(said["ts"])
        if not message:
            return error("message_not_found")
        if wrong := refusal(said):
            return error(wrong)
        message.update({k: v for k, v in said.items() if k != "ts"})
        return ok(channel=CHANNEL, ts=said["ts"])

    def _delete(self, said: Mapping[str, Any]) -> Reply:
        message = self._find(said["ts"])
        if said["channel"] != CHANNEL and said["channel"] not in self.rooms:
            return error("channel_not_found")
        if not message or message["channel"] != said["channel"]:
            return error("message_not_found")
        self.messages.remove(message)
        return ok(channel=said["channel"], ts=said["ts"])

    def _history(self, asked: Mapping[str, Any]) -> Reply:
        here = asked["channel"]
        if here in self.rooms and self.rooms[here].creator != BOT:
            return error("not_in_channel")
        return self._page(asked, [m for m in self.messages if not m.get("thread_ts") and m["channel"] == here])

    def _replies(self, asked: Mapping[str, Any]) -> Reply:
        if not self._find(asked["ts"]):
            return error("thread_not_found")
        return self._page(asked, [m for m in self.messages if asked["ts"] in (m["ts"], m.get("thread_ts"))])

    def _page(self, asked: Mapping[str, Any], messages: list[dict[str, Any]]) -> Reply:
        found = [m for m in reversed(messages) if float(m["ts"]) > float(asked.get("oldest", 0))]
        start = int(asked.get("cursor") or 0)
        shown = [dict(m) for m in found[start : start + self.page_size]]
        if asked.get("include_all_metadata") != "true":
            for message in shown:
                message.pop("metadata", None)
        after = start + self.page_size
        more = {"response_metadata": {"next_cursor": str(after)}} if after < len(found) else {}
        return ok(messages=shown, has_more=bool(more), **more)

    def _find(self, ts: str) -> dict[str, Any] | None:
        return next((m for m in self.messages if m["ts"] == ts), None)


def refusal(said: Mapping[str, Any]) -> str:
    """Why Slack does not take a message, "" if it does. A text is counted as it is stored: escaped, by UTF-16."""
    blocks = said.get("blocks") or []
    if not said.get("text"):
        return "no_text"
    if len(blocks) > 50 or any(not _is_block(block) for block in blocks):
        return "invalid_blocks"
    if sum(_length(drawn(block)) for block in blocks) > 13_000:
        return "msg_blocks_too_long"
    return "msg_too_long" if _length(said["text"]) > 40_000 else ""


def _is_block(block: Mapping[str, Any]) -> bool:
    if block["type"] == "section":
        text = block["text"]
        long = len(text["text"].encode("utf-16-le")) // 2 if text["type"] == "mrkdwn" else _length(text["text"])
        return text["type"] in ("mrkdwn", "plain_text") and 1 <= long <= 3_000
    elements = [one for part in block["elements"] for one in part["elements"]]
    return block["type"] == "rich_text" and all(one["type"] == "text" and one["text"] for one in elements)


def _length(text: str) -> int:
    return len(html.escape(text, quote=False).encode("utf-16-le")) // 2


def drawn(block: Mapping[str, Any]) -> str:
    """What a block shows; what is bold in rich text stands between asterisks."""
    if block["type"] == "section":
        text: str = block["text"]["text"]
        return text
    elements = [one for part in block["elements"] for one in part["elements"]]
    return "".join(f"*{one['text']}*" if one.get("style") == {"bold": True} else one["text"] for one in elements)


def unescaped(markup: str) -> str:
    """What markup without links and mentions shows."""
    return html.unescape(markup)


def arguments(request: Request) -> Mapping[str, Any]:
    if request.headers["content-type"].startswith("application/json"):
        body: Mapping[str, Any] = json.loads(request.body)
        return body
    return {k: v[0] for k, v in parse_qs(request.body.decode()).items()}


def ok(**more: object) -> Reply:
    return Reply(body=json.dumps({"ok": True, **more}).encode())


def error(code: str) -> Reply:
    return Reply(body=json.dumps({"ok": False, "error": code}).encode())
