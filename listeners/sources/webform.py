"""Takes what people write into a form on your site: the form's service calls `/hooks/<name>` on the console's address.

    [listeners.contact]                      # called at https://leitstand.example/hooks/contact
    kind = "webform"
    token = "${CONTACT_FORM_TOKEN}"          # or secret = "${CONTACT_FORM_SECRET}" for signed calls

Make the token yourself (`openssl rand -hex 32`). Calls carry it as `Authorization: Bearer …`, or, from form builders
that can call an address and nothing else, as `?token=…` at its end. With `secret` calls must be signed instead: as
Standard Webhooks say (a secret that begins with `whsec_`), or with the body's HMAC-SHA256 in `X-Hub-Signature-256`.

A call holds one submission, as JSON or as an HTML form sends it (not multipart), or `{"submissions": [{…}, …]}` with
up to 100. A submission is `{"id", "message", "subject", "name", "email", "url", "created_at"}`, of which only the
message is required; other names are given by `text_field` and so on. With an `id`, a later call with
`"action": "edited"` or `"deleted"` changes what was sent; without one the call's `webhook-id` or `Idempotency-Key`,
else its content, tells a repetition. The sender's e-mail address becomes the author, so that his next message joins
his case.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal, Self
from urllib.parse import parse_qsl

import msgspec
from pydantic import Field, SecretStr, model_validator

from leitstand.errors import HookRefusedError
from leitstand.model import Author, Mention
from leitstand.plugins import About
from leitstand.settings import ListenerSettings
from listeners import hooks
from listeners.contract import Batch, Gone
from listeners.hooks import HookRequest, Received
from listeners.plaintext import MAX_TEXT, clean, is_link

ABOUT = About(title="Web form", summary="What people write into a form on your site.")

MOST = 100
_ACTIONS = ("created", "edited", "deleted")


class Settings(ListenerSettings):
    """Who may call, and how the form's fields are called."""

    kind: Literal["webform"] = Field("webform", description="webform")
    token: SecretStr | None = Field(None, description="What calls carry as Bearer token: at least 16 characters.")
    secret: SecretStr | None = Field(None, description="What calls are signed with; `token` is not needed then.")
    channel: str = Field("webform", pattern=r"^[a-z0-9_-]{1,40}$", description="The channel of these posts.")
    id_field: str = Field("id", description="The field with the submission's id.")
    text_field: str = Field("message", description="The field with the message.")
    title_field: str = Field("subject", description="The field with the subject.")
    name_field: str = Field("name", description="The field with the sender's name.")
    email_field: str = Field("email", description="The field with the sender's e-mail address.")

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if self.token is None and self.secret is None:
            raise ValueError("needs `token` or `secret`: who may call?")
        hooks.long_enough(self.token)
        hooks.long_enough(self.secret)
        return self


async def verify(settings: Settings) -> str:
    """Nothing to try: others come to us."""
    return "waits for calls of /hooks/<name>"


def receive(settings: Settings, request: HookRequest) -> Received:
    """The submissions of one call."""
    if request.method != "POST":
        raise HookRefusedError("submissions are sent by POST", 405)
    _check(settings, request)
    mentions: list[Mention] = []
    edits: list[Mention] = []
    deletes: list[Gone] = []
    rejected: list[str] = []
    rows = _rows(request)
    for index, row in enumerate(rows):
        try:
            action = _action(row)
            name = _name(row, settings, request, index, len(rows))
            if action == "deleted":
                deletes.append(Gone(settings.channel, name))
            else:
                (mentions if action == "created" else edits).append(_mention(row, name, settings, request.at))
        except HookRefusedError as error:
            rejected.append(f"submission {index}: {error}")
    if not (mentions or edits or deletes):
        return Received(None, tuple(rejected))
    batch = Batch(tuple(mentions), None, hooks.PART, edits=tuple(edits), deletes=tuple(deletes))
    return Received(batch, tuple(rejected))


def _check(settings: Settings, request: HookRequest) -> None:
    if settings.secret is None:
        hooks.check_token(settings.token or SecretStr(""), request)
    elif settings.secret.get_secret_value().startswith("whsec_"):
        hooks.check_standard(settings.secret, request)
    else:
        hooks.check_signature(settings.secret, request)


def _rows(request: HookRequest) -> list[object]:
    """The submissions, whatever each of them is."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        try:
            return [dict(parse_qsl(request.body.decode(), max_num_fields=200))]
        except ValueError as error:
            raise HookRefusedError(f"the form cannot be read: {error}") from None
    tree = hooks.read_json(request, object)
    several = tree.get("submissions", [tree]) if isinstance(tree, dict) else tree
    if not isinstance(several, list):
        raise HookRefusedError('send one submission, or {"submissions": […]}')
    if len(several) > MOST:
        raise HookRefusedError(f"at most {MOST} submissions in one call", 413)
    return several


def _action(row: object) -> str:
    if not isinstance(row, Mapping):
        raise HookRefusedError("this is no submission, but something else")
    action = row.get("action") or "created"
    if action not in _ACTIONS:
        raise HookRefusedError(f"the action is one of {', '.join(_ACTIONS)}")
    if action != "created" and not row.get("id"):
        raise HookRefusedError(f"what is {action} needs its id")
    return str(action)


def _name(row: object, settings: Settings, request: HookRequest, index: int, rows: int) -> str:
    """What tells a repetition: the submission's id, else the call's, else what it says."""
    given = _text(row, settings.id_field, 300)
    if given:
        return given
    call = request.headers.get("webhook-id") or request.headers.get("idempotency-key") or ""
    if call:
        return f"call-{call[:300]}" if rows == 1 else f"call-{call[:300]}-{index}"
    return f"sha-{sha256(msgspec.json.encode(row, order='sorted')).hexdigest()[:32]}"


def _mention(row: object, name: str, settings: Settings, at: datetime) -> Mention:
    text = _text(row, settings.text_field, MAX_TEXT)
    if not text:
        raise HookRefusedError(f"there is no {settings.text_field}")
    email, url = _text(row, settings.email_field, 320).lower(), _text(row, "url", 2000)
    return Mention(
        channel=settings.channel,
        external_id=name,
        text=text,
        created_at=_time(_text(row, "created_at", 40), at),
        received_at=at,
        url=url if is_link(url) else "",
        title=_text(row, settings.title_field, 1000),
        kind="message",
        author=Author(email, email, _text(row, settings.name_field, 200)),
        conversation_id=_text(row, "conversation_id", 300),
    )


def _text(row: object, field: str, most: int) -> str:
    value = row.get(field) if isinstance(row, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, str | int | None):
        raise HookRefusedError(f"{field} is no text")
    return clean(str(value if value is not None else ""))[:most].strip()


def _time(text: str, at: datetime) -> datetime:
    """When it was written, as far as that can be: never in the future."""
    if not text:
        return at
    try:
        written = datetime.fromisoformat(text)
    except ValueError:
        raise HookRefusedError("created_at is no time such as 2026-03-02T08:00:00Z") from None
    written = written if written.tzinfo else written.replace(tzinfo=UTC)
    if written > at + timedelta(minutes=10) or written.year < 1970:
        raise HookRefusedError("created_at is in the future, or before 1970")
    return min(written, at)
