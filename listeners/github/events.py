"""What one call of GitHub's webhook says."""

from typing import Final

import msgspec

from listeners import hooks
from listeners.contract import Batch, Gone
from listeners.github.posts import CHANNEL, Post, mention, name_of
from listeners.hooks import HookRequest, Received

# The event → where the post stands in the call, and what kind it is.
_EVENTS: Final = {
    "issues": ("issue", "issue"),
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
    comment: msgspec.Raw = _NOTHING
    discussion: msgspec.Raw = _NOTHING


def read(request: HookRequest) -> Received:
    """The issue or comment that was written, changed or deleted; nothing for other events. Raises HookRefusedError."""
    event = request.headers.get("x-github-event", "")
    call = hooks.read_json(request, Call)
    if event not in _EVENTS or call.action not in (*_NEW, "edited", "deleted"):
        return Received()
    where, kind = _EVENTS[event]
    raw: msgspec.Raw = getattr(call, where)
    rejected: list[str] = []
    post = hooks.convert(raw, Post, where, rejected)
    if post is None:
        return Received(None, tuple(rejected))
    return Received(_batch(call.action, kind, post, request), ())


def _batch(action: str, kind: str, post: Post, request: HookRequest) -> Batch:
    if action == "deleted":
        return Batch((), None, hooks.PART, deletes=(Gone(CHANNEL, name_of(post, kind)),))
    one = mention(post, kind, request.at)
    return Batch((), None, hooks.PART, edits=(one,)) if action == "edited" else Batch((one,), None, hooks.PART)
