"""What one call of GitHub's webhook says: JSON, also where it comes as a form, which is what GitHub suggests."""

from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl

import msgspec

from leitstand.errors import HookRefusedError
from listeners import hooks
from listeners.contract import Batch, Gone
from listeners.github.posts import CHANNEL, Post, mention, name_of
from listeners.hooks import HookRequest, Received

# The event → where the post stands in the call, and what kind it is.
_EVENTS: Final = {
    "issues": ("issue", "issue"),
    "pull_request": ("pull_request", "issue"),
    "issue_comment": ("comment", "comment"),
    "commit_comment": ("comment", "commit"),
    "pull_request_review_comment": ("comment", "review"),
    "discussion": ("discussion", "discussion"),
    "discussion_comment": ("comment", "reply"),
}
_NOTHING: Final = msgspec.Raw(b"null")
_NEW: Final = ("opened", "created")


class Call(msgspec.Struct):
    action: str = ""
    issue: msgspec.Raw = _NOTHING
    pull_request: msgspec.Raw = _NOTHING
    comment: msgspec.Raw = _NOTHING
    discussion: msgspec.Raw = _NOTHING


def read(request: HookRequest) -> Received:
    """The issue or comment that was written, changed or deleted; nothing for other events. Raises HookRefusedError."""
    event = request.headers.get("x-github-event", "")
    call = hooks.read_json(_unwrapped(request), Call)
    if event not in _EVENTS or call.action not in (*_NEW, "edited", "deleted"):
        return Received()
    where, kind = _EVENTS[event]
    raw: msgspec.Raw = getattr(call, where)
    rejected: list[str] = []
    post = hooks.convert(raw, Post, where, rejected)
    if post is None:
        return Received(None, tuple(rejected))
    return Received(_batch(call.action, kind, post, request), ())


def _unwrapped(request: HookRequest) -> HookRequest:
    """The call with its JSON as body."""
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return request
    try:
        fields = dict(parse_qsl(request.body, max_num_fields=10))
    except ValueError as error:
        raise HookRefusedError(f"the form cannot be read: {error}") from None
    return replace(request, body=fields.get(b"payload", b""))


def _batch(action: str, kind: str, post: Post, request: HookRequest) -> Batch:
    if action == "deleted":
        return Batch((), None, hooks.PART, deletes=(Gone(CHANNEL, name_of(post, kind)),))
    one = mention(post, kind, request.at)
    return Batch((), None, hooks.PART, edits=(one,)) if action == "edited" else Batch((one,), None, hooks.PART)
