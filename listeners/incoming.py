"""The mention form of the API: JSON → Mention. Each bad mention is refused alone, with its index and field.

    body ──typed decoding of the whole──► mentions
           └─ if anything is wrong: JSON ──each object by itself──► mentions and rejected

Unknown keys are ignored, so that senders may send what they have. `null` is the same as an absent key. With `edited_at`
a mention gives one that was sent before its new words; what was never sent is taken as new.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, TypeVar, get_args

import msgspec

from leitstand.errors import InputError
from leitstand.model import Author, Mention, MentionKind
from listeners.contract import Batch

MAX_BODY_BYTES: Final = 20_000_000
MAX_MENTIONS: Final = 1_000
MAX_TEXT: Final = 100_000
# A sender's clock may be a little ahead of ours.
MAX_AHEAD: Final = timedelta(minutes=10)
EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)

# `$(?!\n)` is the end in Python and in JavaScript, whose patterns the API's description uses; `\Z` is so only here.
Channel = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]{1,40}$(?!\n)")]
Id = Annotated[str, msgspec.Meta(max_length=500)]
Address = Annotated[str, msgspec.Meta(max_length=4000, pattern=r"^(https?://[^\s\x00-\x1f]+)?$(?!\n)")]
Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
Title = Annotated[str, msgspec.Meta(max_length=1000)]
Language = Annotated[str, msgspec.Meta(max_length=35)]
Followers = Annotated[int, msgspec.Meta(ge=0, le=10**15)]


class _Author(msgspec.Struct):
    id: Id | None = None
    handle: Id | None = None
    name: Id | None = None
    followers: Followers | None = None


class _Optional(msgspec.Struct, kw_only=True):
    """What a mention may have."""

    text: Text
    url: Address | None = None
    title: Title | None = None
    created_at: datetime | None = None
    language: Language | None = None
    kind: MentionKind | None = None
    author: _Author | None = None
    parent_id: Id | None = None
    conversation_id: Id | None = None
    edited_at: datetime | None = None


class _Form(_Optional, kw_only=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TEXT)]
    channel: Channel
    external_id: Annotated[Id, msgspec.Meta(min_length=1)]


class _LineForm(_Optional, kw_only=True):
    channel: Channel | None = None
    external_id: Annotated[Id, msgspec.Meta(min_length=1)] | None = None
    id: Annotated[Id, msgspec.Meta(min_length=1)] | int | None = None


class _Call(msgspec.Struct):
    mentions: list[_Form]
    text: msgspec.Raw = msgspec.Raw()


T = TypeVar("T")
F = TypeVar("F", bound=_Optional)
_call = msgspec.json.Decoder(_Call)
_nobody = Author()


@dataclass(frozen=True, slots=True)
class Rejected:
    """A mention that cannot be taken: its place in the call, and which field is wrong and why."""

    index: int
    error: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """What one call brought: the good mentions in the order of the call, and those that cannot be taken."""

    mentions: tuple[Mention, ...]
    rejected: tuple[Rejected, ...]


def as_batch(mentions: Sequence[Mention], cursor: str | None = None, error: str = "") -> Batch:
    """The mentions as a source would tell them: those with `edited_at` may be edits."""
    new = tuple(mention for mention in mentions if mention.edited_at is None)
    edits = tuple(mention for mention in mentions if mention.edited_at is not None)
    return Batch(new, cursor, error=error, edits=edits)


def decode(body: bytes, now: datetime) -> Incoming:
    """The mentions in a request's body. Raises InputError if the call as a whole cannot be taken."""
    try:
        call = _call.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _each(_objects(body), now)
    if bytes(call.text) or b"\\u0000" in body:  # the only way for a NUL into a JSON string
        return _each(_objects(body), now)
    _check_count(len(call.mentions))
    return _sort_out(call.mentions, lambda form: _sent(form, now))


def decode_line(line: bytes, now: datetime, channel: str) -> Mention:
    """The mention in one line of a JSON lines file. Raises InputError.

    Only `text` is required, and it may be empty (a picture alone): `channel` is the default, and the id is
    `external_id`, else `id`, else a hash of the line.
    """
    tree = _parse(line)
    form = _convert(tree, _LineForm)
    given = form.external_id or ("" if form.id is None else str(form.id))
    return _mention(form, form.channel or channel, given or sha256(line.strip()).hexdigest()[:32], now)


def _each(objects: list[object], now: datetime) -> Incoming:
    _check_count(len(objects))

    return _sort_out(objects, lambda tree: _sent(_convert(tree, _Form), now))


def _sort_out(given: Sequence[T], read: Callable[[T], Mention]) -> Incoming:
    mentions, rejected = list[Mention](), list[Rejected]()
    for index, one in enumerate(given):
        try:
            mentions.append(read(one))
        except InputError as error:
            rejected.append(Rejected(index, str(error)))
    return Incoming(tuple(mentions), tuple(rejected))


def _check_count(count: int) -> None:
    if count > MAX_MENTIONS:
        raise InputError(f"at most {MAX_MENTIONS:,} in one call, these are {count:,}", "mentions")


def _objects(body: bytes) -> list[object]:
    """The mentions of a call as plain objects; a single object is a call of one.

    What has a text is a post, whatever else its sender has: many networks' posts tell their `mentions` of people.
    """
    tree = _parse(body)
    if not isinstance(tree, dict):
        raise InputError('must be one mention, or {"mentions": […]}')
    if "mentions" not in tree or "text" in tree:
        return [tree]
    mentions = tree["mentions"]
    if not isinstance(mentions, list):
        raise InputError("must be an array", "mentions")
    return mentions


def _parse(body: bytes) -> object:
    try:
        tree: object = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"not valid JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise InputError("not valid JSON: nested too deeply") from None
    except ValueError:
        raise InputError("not valid JSON: a number that is none, or too long") from None
    return tree


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _convert(tree: object, form: type[F]) -> F:
    try:
        converted = msgspec.convert(tree, form)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from None
    _check_characters(converted)
    if converted.author is not None:
        _check_characters(converted.author, "author.")
    return converted


_unstorable = re.compile("[\x00\ud800-\udfff]")


def _check_characters(struct: msgspec.Struct, prefix: str = "") -> None:
    for name in struct.__struct_fields__:
        value = getattr(struct, name)
        if isinstance(value, str) and (found := _unstorable.search(value)):
            what = "NUL character" if found[0] == "\0" else "lone surrogate"
            raise InputError(f"has a {what} at character {found.start() + 1}", prefix + name)


_WORDS: Final = {
    "str": "text", "int": "a whole number", "object": "an object", "datetime": "a date", "float": "a fraction",
    "bool": "true or false", "array": "an array", "null": "null",
}  # fmt: skip


def _explain(message: str) -> InputError:
    """A validation error of msgspec in the sender's words, with the field."""
    what, _, place = message.partition(" - at `$")
    path = place.strip(".`")
    if missing := re.fullmatch(r"Object missing required field `(\w+)`", what):
        return InputError("is required", missing[1])
    if what.startswith("Expected `str` matching regex"):
        return InputError(_PATTERNS[path.rpartition(".")[2]], path)
    if what.startswith("Expected `str` of length >= 1"):
        return InputError("must not be empty", path)
    if length := re.fullmatch(r"Expected `str` of length <= (\d+)", what):
        return InputError(f"longer than {int(length[1]):,} characters", path)
    if what.startswith("Invalid RFC3339"):
        return InputError("must be a date and time with its zone, such as 2026-03-01T09:30:00+01:00", path)
    if what.startswith("Invalid enum value"):
        return InputError(f"must be one of {', '.join(get_args(MentionKind))}", path)
    if bound := re.fullmatch(r"Expected `int` (>=|<=) (\d+)", what):
        return InputError(f"must be {int(bound[2]):,} or {'more' if bound[1] == '>=' else 'less'}", path)
    if types := re.fullmatch(r"Expected `([^`]+)`, got `(\w+)`", what):
        expected = " or ".join(_WORDS.get(t, t) for t in types[1].split(" | "))
        return InputError(f"must be {expected}, not {_WORDS.get(types[2], types[2])}", path)
    return InputError(what.replace("`", ""), path)


_PATTERNS: Final = {
    "channel": "must be 1 to 40 of a-z, 0-9, _ and -",
    "url": "must begin with http:// or https:// and have no blanks",
}


def _sent(form: _Form, now: datetime) -> Mention:
    if form.text.isspace():
        raise InputError("must not be empty", "text")
    return _mention(form, form.channel, form.external_id, now)


def _mention(form: _Optional, channel: str, external_id: str, now: datetime) -> Mention:
    author = form.author
    return Mention(
        channel,
        external_id,
        form.text,
        now if form.created_at is None else _checked(form.created_at, now, "created_at"),
        now,
        form.url or "",
        form.title or "",
        form.language or "",
        form.kind or "post",
        _nobody
        if author is None
        else Author(author.id or "", author.handle or "", author.name or "", author.followers),
        form.parent_id or "",
        form.conversation_id or "",
        edited_at=None if form.edited_at is None else min(_checked(form.edited_at, now, "edited_at"), now),
    )


def _checked(at: datetime, now: datetime, field: str) -> datetime:
    if at.tzinfo is None:
        raise InputError(f"{at.isoformat()} has no zone: add Z or an offset such as +01:00", field)
    if at < EARLIEST:
        raise InputError(f"{at.isoformat()} is before 1970", field)
    if at > now + MAX_AHEAD:
        raise InputError(f"{at.isoformat()} is in the future", field)
    return at.astimezone(UTC)
