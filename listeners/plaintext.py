"""HTML → plain text with its links. Never raises; what is too long is cut; nothing is fetched."""

import re
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Final

from listeners.markup import read_whole

MAX_HTML: Final = 1_000_000
MAX_TEXT: Final = 100_000
MAX_LINKS: Final = 100
MAX_LINK: Final = 2_000

_DROPPED: Final = {
    "script",
    "style",
    "noscript",
    "template",
    "head",
    "iframe",
    "object",
    "svg",
    "math",
    "form",
    "select",
}
_BLOCKS: Final = {
    "address", "article", "aside", "blockquote", "body", "br", "caption", "center", "dd", "details", "div", "dl", "dt",
    "fieldset", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend",
    "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
_CELLS: Final = {"td", "th"}
_KNOWN: Final = _BLOCKS | _CELLS | {
    "a", "abbr", "b", "big", "cite", "code", "del", "em", "font", "i", "img", "ins", "mark", "q", "s", "small", "span",
    "strong", "sub", "sup", "time", "tt", "u",
}  # fmt: skip

# Not every single blank between two words.
_blanks = re.compile(r" [^\S\n]+|[^\S\n ][^\S\n]*")
_line_ends = re.compile(r" ?\n[ \n]*")
# What makes a text unclean, in one look: nearly every post is clean.
_unclean = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]|[ \n][ \n]"
)
# An element as it is written with care: its slash, its name, its attributes, a slash at its end.
_ATTRIBUTE: Final = r"[ \t\n\r\f]+[A-Za-z][A-Za-z0-9_:.-]*(?:=(?:\"[^\"<>]*\"|'[^'<>]*'))?"
_tag = re.compile(rf"<(/?)([A-Za-z][A-Za-z0-9]*)((?:{_ATTRIBUTE})*)[ \t\n\r\f]*(/?)>")
_attribute = re.compile(r"([A-Za-z][A-Za-z0-9_:.-]*)(?:=(\"[^\"<>]*\"|'[^'<>]*'))?")
_odd_reference = re.compile(r"&(?!#?[A-Za-z0-9]+;)")
# Without one of these it is no HTML: most titles are not.
_markup = re.compile(r"[<&]|\]\]>")
# Control characters (NUL too), and the halves of a surrogate pair: none of them is text.
_unwanted = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class PlainText:
    """Text without markup, one line a block, and the http(s) links in it, each once."""

    text: str
    links: tuple[str, ...]


def from_html(html: str) -> PlainText:
    """The text and the links of a piece of HTML; also of text that only may be HTML."""
    html = html[:MAX_HTML]
    if not _markup.search(html):
        return PlainText(clean(html), ())
    html = _with_sections_as_text(html)
    reader = _tidy(html) or _untidy(html)
    return PlainText(clean("".join(reader.parts)), tuple(reader.links))


def clean(text: str) -> str:
    """Text without control characters, with single blanks and line ends, cut to MAX_TEXT."""
    text = text.strip()
    if len(text) <= MAX_TEXT and not _unclean.search(text):
        return text
    kept = _unwanted.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _line_ends.sub("\n", _blanks.sub(" ", kept)).strip()[:MAX_TEXT].rstrip()


def _with_sections_as_text(html: str) -> str:
    """<![CDATA[…]]> is text."""
    return html.replace("<![CDATA[", "").replace("]]>", "")


def _tidy(html: str) -> "_Reader | None":
    """The same in half the time, for what most feeds are: well-known elements, quoted attributes. None for the rest."""
    pieces = _tag.split(html)
    texts, tags = pieces[::5], zip(pieces[1::5], pieces[2::5], pieces[3::5], pieces[4::5], strict=True)
    reader = _Reader()
    reader.add(texts[0])
    for (end, name, given, empty), text in zip(tags, texts[1:], strict=True):
        tag = name.lower()
        if tag not in _KNOWN or (end and (given or empty)) or _odd_reference.search(given):
            return None
        if end:
            reader.handle_endtag(tag)
        else:
            reader.handle_starttag(tag, _attributes(given) if given and tag in ("a", "img") else [])
        reader.add(text)
    return None if any("<" in text for text in texts) else reader


def _attributes(given: str) -> list[tuple[str, str | None]]:
    return [(name.lower(), unescape(value[1:-1]) if value else None) for name, value in _attribute.findall(given)]


def _untidy(html: str) -> "_Reader":
    reader = _Reader()
    read_whole(reader, html)
    return reader


class _Reader(HTMLParser):
    """Collects text and links. `dropped` is the element whose content is being left out, with its depth."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: dict[str, None] = {}
        self.dropped = ""
        self.depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.dropped:
            self.depth += tag == self.dropped
        elif tag in _DROPPED:
            self.dropped, self.depth = tag, 1
        else:
            self._separate(tag)
            self._note_links(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self.dropped and tag not in _DROPPED:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self.dropped:
            self.depth -= tag == self.dropped
            self.dropped = self.dropped if self.depth else ""
        elif tag != "br":
            self._separate(tag)

    def add(self, text: str) -> None:
        """Text between two elements."""
        if text:
            self.parts.append(unescape(text) if "&" in text else text)

    def handle_data(self, data: str) -> None:
        if not self.dropped:
            self.parts.append(data)

    def _separate(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append(" ")

    def _note_links(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "img" and attributes.get("alt"):
            self.parts.append(f" {attributes['alt']} ")
        link = (attributes.get("href") or "").strip() if tag == "a" else ""
        if is_link(link) and len(self.links) < MAX_LINKS:
            self.links[link] = None


def is_link(link: str) -> bool:
    """Whether this is an http(s) address that can be kept."""
    return (
        len(link) <= MAX_LINK
        and link[:8].lower().startswith(("http://", "https://"))
        and not re.search(r"[\s\x00-\x1f\x7f\ud800-\udfff]", link)
    )
