"""What a message on Slack looks like. Only our own words are markup: in rich and plain text a post can set none."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from escalation_bridge.message import Message
from escalation_bridge.text import fit

# A text takes 3,000 characters.
TEXT_LENGTH = 2900
LINK_LENGTH = 2000


class Said(NamedTuple):
    """A message. `text` is the line that a notification shows, `links` lead on from it."""

    text: str
    blocks: list[dict[str, object]]
    links: str


def said(words: Message, mention: str) -> Said:
    """The message; `mention` is the operator's."""
    links = [_link(words.link, "Leitstand" if words.letter else words.word("case"))] if words.link else []
    if words.post and len(post := _link(words.post, words.word("post"))) < LINK_LENGTH:
        links.append(post)
    blocks = [_section(mention)] if mention else []
    blocks.append(_rich(words))
    if words.text:
        text = fit(words.text, TEXT_LENGTH, weight)
        blocks.append({"type": "section", "text": {"type": "plain_text", "text": text, "emoji": False}})
    if links:
        blocks.append(_section(" · ".join(links)))
    return Said(f"{mention} {escape(words.headline)}".strip(), blocks, " · ".join(links))


def _rich(words: Message) -> dict[str, object]:
    """The headline, and what is known of the case."""
    bold = {"bold": True}
    lines = [[_text(words.headline, bold)]]
    lines += [[_text(f"{label}:", bold), _text(f" {text}")] for label, text in words.labelled]
    lines += [[_text(f"• {line}")] for line in (*words.deadlines, *words.reasons)]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": _joined(lines)}]}


def _joined(lines: Sequence[Sequence[dict[str, object]]]) -> list[dict[str, object]]:
    first, *others = lines
    return [*first, *(element for line in others for element in (_text("\n"), *line))]


def _text(text: str, style: Mapping[str, bool] | None = None) -> dict[str, object]:
    return {"type": "text", "text": text} | ({"style": style} if style else {})


def _section(text: str) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _link(url: str, label: str) -> str:
    safe = "".join(quote(c) if c in "<>| " else c for c in url.replace("&", "&amp;"))
    return f"<{safe}|{escape(label)}>"


def escape(text: str) -> str:
    """Text that Slack's markup takes as it is."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def weight(text: str) -> int:
    """How long a text is for Slack, which may count it escaped and by UTF-16."""
    return len(escape(text).encode("utf-16-le", "surrogatepass")) // 2
