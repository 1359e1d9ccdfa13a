"""A mail's bytes → Mention. Mails of machines are nobody's voice; what is quoted and signatures are not said anew.

Never raises for what a mail holds: a part that cannot be read is left out. A stranger can write headers, and parts
within parts, that take the standard library for ever or into more depth than there is: headers are cut, few of them are
read at all, and a mail of too many parts has only its subject.
"""

import hashlib
import re
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy, default
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final, cast

from leitstand.model import Author, Mention
from listeners.plaintext import clean, from_html

MAX_SUBJECT: Final = 1_000
MAX_HEADER: Final = 2_000
MAX_PARTS: Final = 100
_message_ids = re.compile(r"<([^<>\s]{1,400})>")
_MACHINES: Final = {"bulk", "list", "junk", "auto_reply"}
_quoted = re.compile(r"^\s*>")
_signature = re.compile(r"^-- ?$")
# "Am 3. März 2026 um 10:12 schrieb Jo:", "On Tue, 3 Mar 2026, Jo wrote:", and Outlook's block
_introduction = re.compile(
    r"^(?:am\b.{0,200}\bschrieb\b.{0,200}:|on\b.{0,200}\bwrote:|-{2,}\s?(?:original message|ursprüngliche nachricht|"
    r"urspr. nachricht)\s?-{2,}|_{20,})\s*$",
    re.IGNORECASE,
)


def read(raw: bytes, now: datetime, channel: str, own: Container[str], *, lists: bool = False) -> Mention | None:
    """What a mail says; None if a machine wrote it, or one of our `own` addresses. `lists`: those of lists count."""
    mail = _parsed(raw)
    name, address = _sender(mail, lists=lists)
    if not address or address in own or _is_automatic(mail, lists=lists):
        return None
    html, text = _words(mail)
    said = without_quotes(text) if text else html
    subject = clean(_header(mail, "subject"))[:MAX_SUBJECT]
    identity = _first_id(_header(mail, "message-id")) or f"sha-{hashlib.sha256(raw).hexdigest()[:32]}"
    answered = _first_id(_header(mail, "in-reply-to"))
    root = _first_id(_header(mail, "references")) or answered
    return Mention(
        channel,
        identity,
        said or subject or "(no text)",
        _written(mail, now),
        now,
        title=subject if said else "",
        kind="message",
        author=Author(address, address, name),
        parent_id=answered,
        conversation_id=root or identity,
        media=sum(part.get_content_maintype() in ("image", "video") for part in _parts(mail)),
    )


def without_quotes(text: str) -> str:
    """What the sender wrote himself: without quotes, their introduction, and the signature."""
    kept: list[str] = []
    for line in text.splitlines():
        if _signature.match(line) or _introduction.match(line.strip()):
            break
        if not _quoted.match(line):
            kept.append(line)
    return clean("\n".join(kept)) or clean(text)


class _Cut(EmailPolicy):
    """Headers as they are written, up to a length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, "".join(value.splitlines())[:MAX_HEADER]

    def header_fetch_parse(self, name: str, value: str) -> str:
        return value


def _parsed(raw: bytes) -> EmailMessage:
    """The mail with its parts; without them where there are too many. Every part within a part needs its own type."""
    too_many = raw.lower().count(b"content-type") > MAX_PARTS
    return cast(EmailMessage, BytesParser(policy=_Cut()).parsebytes(raw, headersonly=too_many))


def _sender(mail: EmailMessage, *, lists: bool) -> tuple[str, str]:
    """Name and address, lower case. Groups write themselves as the sender where his server lets nobody else do so."""
    try:
        found = getaddresses([_header(mail, name) for name in (("x-original-from", "from") if lists else ("from",))])
    except RecursionError:
        return "", ""
    for name, address in found:
        if "@" in address:
            return clean(name)[:200], clean(address).lower()[:320]
    return "", ""


def _is_automatic(mail: EmailMessage, *, lists: bool) -> bool:
    """Answers of machines, lists and bounces (RFC 3834)."""
    submitted = _header(mail, "auto-submitted").strip().lower()
    return (
        (submitted != "" and not submitted.startswith("no"))
        or _header(mail, "precedence").strip().lower() in (_MACHINES - {"list"} if lists else _MACHINES)
        or _header(mail, "x-auto-response-suppress").strip() != ""
        or _header(mail, "return-path").strip() == "<>"
        or mail.get_content_type() == "multipart/report"
    )


def _header(mail: EmailMessage, name: str) -> str:
    """A header's text; "" where it is not there or nothing can be made of it."""
    try:
        return str(default.header_fetch_parse(name, mail.get(name, "")))
    except (ValueError, TypeError, AttributeError, IndexError, LookupError, RecursionError):
        return ""


def _first_id(text: str) -> str:
    found = _message_ids.search(text)
    return found[1] if found else ""


def _written(mail: EmailMessage, now: datetime) -> datetime:
    """When it was written, as the sender says: never in the future."""
    try:
        written = parsedate_to_datetime(_header(mail, "date"))
        written = written if written.tzinfo else written.replace(tzinfo=UTC)
        written = written.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return now
    return min(written, now) if written.year >= 1980 else now


def _words(mail: EmailMessage) -> tuple[str, str]:
    """The HTML's text and the plain text, the first of each."""
    html = text = ""
    for part in _parts(mail):
        kind = part.get_content_type()
        if kind == "text/plain" and not text:
            text = clean_lines(_decoded(part))
        elif kind == "text/html" and not html:
            html = from_html(_decoded(part)).text
    return html, text


def clean_lines(text: str) -> str:
    """Line ends as we write them; the lines stay what they are."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parts(mail: EmailMessage) -> Iterator[EmailMessage]:
    """Everything in a mail that is no container and no attached text."""
    for part in mail.walk():
        attached = part.get_content_disposition() == "attachment" and part.get_content_maintype() == "text"
        if not part.is_multipart() and not attached and isinstance(part, EmailMessage):
            yield part


def _decoded(part: EmailMessage) -> str:
    """The text of a part, in whatever encoding it says, or seems to be."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    for encoding in (part.get_content_charset(), "utf-8", "windows-1252"):
        try:
            return payload.decode(encoding or "utf-8")
        except (LookupError, UnicodeError):
            continue
    return payload.decode("utf-8", "replace")
