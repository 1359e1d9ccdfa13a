"""Meta's webhooks: the echo that it asks for once, and signed calls with up to 1,000 changes."""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
from pydantic import SecretStr

from leitstand.errors import HookRefusedError
from leitstand.signatures import same
from listeners import hooks
from listeners.hooks import HookRequest, Received


class RawChange(msgspec.Struct):
    field: str
    value: msgspec.Raw = msgspec.Raw(b"{}")


class Entry(msgspec.Struct):
    """What is new at one page or account. With Instagram's own login an entry may be a change itself."""

    id: str = ""
    time: int = 0
    changes: list[msgspec.Raw] = []
    field: str = ""
    value: msgspec.Raw = msgspec.Raw(b"{}")


class Call(msgspec.Struct):
    object: str
    entry: list[msgspec.Raw] = []


class Change(NamedTuple):
    """One change: its field and value, and where in the call it stands."""

    field: str
    value: msgspec.Raw
    entry: Entry
    place: str


def echo(verify_token: SecretStr, request: HookRequest) -> Received:
    """The answer to the question with which a webhook is set up. Raises HookRefusedError."""
    query = request.query
    if query.get("hub.mode") != "subscribe" or not query.get("hub.challenge"):
        raise HookRefusedError("this is not the question that Meta asks to set up a webhook")
    if not same(query.get("hub.verify_token", ""), verify_token.get_secret_value()):
        raise HookRefusedError("the verify token is not the listener's", 403)
    return Received(said=query["hub.challenge"][:200])


def changes(app_secret: SecretStr, request: HookRequest, about: str, rejected: list[str]) -> Iterator[Change]:
    """The changes of a signed call; a bad one is named in `rejected`. Raises HookRefusedError."""
    hooks.check_signature(app_secret, request)
    call = hooks.read_json(request, Call)
    if call.object != about:
        raise HookRefusedError(f"this call is about {call.object[:30]}, not {about}")
    for number, raw_entry in enumerate(call.entry):
        entry = hooks.convert(raw_entry, Entry, f"entry {number}", rejected)
        if entry and entry.field:
            yield Change(entry.field, entry.value, entry, f"entry {number}")
        for index, raw in enumerate(entry.changes if entry else ()):
            place = f"entry {number}, change {index}"
            change = hooks.convert(raw, RawChange, place, rejected)
            if change and entry:
                yield Change(change.field, change.value, entry, place)
