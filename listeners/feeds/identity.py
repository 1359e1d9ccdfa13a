"""Which item is which: an item is known when two of its three marks – id, link, title – were seen together before.

Feeds reuse one id for every item, change ids, add tracking to links, move to https, correct titles. No single mark can
be trusted, two that agree can. A mark that an item lacks, that several items of the document share, or that is the
site's own page, tells nothing; where only one mark is left, it must do alone. Dates play no part, but where an item
has no link: what says the same, of the same time, is the same, whatever its id.
"""

import hashlib
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from listeners.feeds.document import Feed, Item
from listeners.plaintext import is_link

MARK: Final = 8  # characters of one remembered mark: 48 bits
LONGEST_ID: Final = 500
MANY: Final = 5
_NUMBER: Final = re.compile(r"\d+")
# What campaigns and social networks add to a link; it names a way to the page, not another page.
_TRACKING: Final = {"fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid", "yclid", "_ga", "ref_src"}


@dataclass(frozen=True, slots=True)
class Identified:
    """An item with what it is known by for ever, and the marks that are remembered of it."""

    item: Item
    external_id: str
    marks: tuple[str, ...]


def identify(feed: Feed, address: str) -> list[Identified]:
    """Every item of a document, in its order. `address` is the feed's own."""
    addresses = [normalised(item.link) for item in feed.items]
    pairs = list(zip(feed.items, addresses, strict=True))
    ids = _telling((item.id, link or item.title) for item, link in pairs)
    links = _telling((link, item.title or item.id) for item, link in pairs)
    links -= {normalised(feed.home), normalised(address)}
    return [
        _identified(item, item.id if item.id in ids else "", link if link in links else "", link, address)
        for item, link in pairs
    ]


def normalised(link: str) -> str:
    """A link without what does not matter: scheme, case of the host, tracking, a last slash. "" if it is none."""
    if not is_link(link):
        return ""
    try:
        parts = urlsplit(link)
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return ""
    host = (parts.hostname or "") + port
    return f"https://{host}{parts.path.rstrip('/')}{_query(parts)}" + (f"#{parts.fragment}" if parts.fragment else "")


def _query(parts: SplitResult) -> str:
    if not parts.query:
        return ""
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(k, v) for k, v in pairs if not k.lower().startswith("utm_") and k.lower() not in _TRACKING]
    query = parts.query if len(kept) == len(pairs) else urlencode(kept)
    return f"?{query}" if query else ""


def _telling(marks: Iterable[tuple[str, str]]) -> set[str]:
    """The marks that stand for one item only: always with the same other mark beside them."""
    beside = Counter(mark for mark, _ in set(marks))
    return {mark for mark, count in beside.items() if mark and count == 1}


def _identified(item: Item, telling_id: str, link: str, any_link: str, address: str) -> Identified:
    words = " ".join((item.title or item.text[:1000]).split())
    if link:
        external_id = link
    elif telling_id and ("://" in telling_id or telling_id.startswith(("tag:", "urn:"))):
        external_id = telling_id
    else:
        host = urlsplit(address).hostname or ""
        external_id = f"{host}#{_hash(telling_id or f'{item.id} {any_link} {words} {item.text}')}"
    if len(external_id) > LONGEST_ID:
        external_id = f"{external_id[:400]}#{_hash(external_id)}"
    marks = tuple(dict.fromkeys((*_marks(item.id, telling_id, link, words), *_of_words(item, link))))
    return Identified(item, external_id, marks or (mark("rest", item.id, item.link, item.text),))


def _marks(any_id: str, telling_id: str, link: str, words: str) -> Iterable[str]:
    """Pairs of marks; one alone where there is no second."""
    if telling_id and link:
        yield mark("id+link", telling_id, link)
    if link and not any_id:
        yield mark("link", link)
    if telling_id and not link:
        yield mark("id", telling_id)
    if any_id and words:
        yield mark("id+title", any_id, words)
    if link and words:
        yield mark("link+title", link, words)
    if not link and not any_id:
        yield mark("title", words)


def _of_words(item: Item, link: str) -> Iterable[str]:
    """Without a link, and with another id in every document, an item is known by what it says."""
    if not link and item.id and item.text and item.written:
        yield mark("words", item.title, item.text, item.written.isoformat())


def mark(*parts: str) -> str:
    """What is remembered instead of the words."""
    return b64encode(hashlib.blake2b("\0".join(parts).encode("utf-8", "replace"), digest_size=6).digest()).decode()


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a document brought: items never heard before, and known ones whose words have changed."""

    new: list[Identified]
    edited: list[Identified]


@dataclass(slots=True)
class Seen:
    """The marks of what was heard, oldest first, bounded but never smaller than two documents."""

    marks: dict[str, None]

    LEAST = 3_000

    @classmethod
    def from_text(cls, text: str) -> "Seen":
        return cls(dict.fromkeys(text[i : i + MARK] for i in range(0, len(text) - len(text) % MARK, MARK)))

    def text(self) -> str:
        return "".join(self.marks)

    def hear(self, found: Sequence[Identified]) -> Heard:
        """Sort out a document. What it holds twice is new once; everything is remembered."""
        heard = Heard([], [])
        remembered = 0
        for one in found:
            named = mark("named", one.external_id)
            # Without its numbers: "17 comments", "3 hours ago" are no edits.
            worded = mark("worded", one.external_id, _NUMBER.sub("", f"{one.item.title}\n{one.item.text}"))
            if not any(m in self.marks for m in one.marks):
                heard.new.append(one)
            elif named in self.marks and worded not in self.marks:
                heard.edited.append(one)
            remembered += self._remember(*one.marks, named, worded)
        if len(heard.edited) >= MANY and 2 * len(heard.edited) > len(found):
            heard.edited.clear()  # a new footer under every article, and nothing that anybody wrote
        for m in list(self.marks)[: -max(self.LEAST, 2 * remembered)]:
            del self.marks[m]
        return heard

    def note(self, *parts: str) -> bool:
        """Remember something of another kind; whether it is new."""
        one = mark(*parts)
        new = one not in self.marks
        self._remember(one)
        return new

    def _remember(self, *marks: str) -> int:
        for m in marks:
            self.marks.pop(m, None)
            self.marks[m] = None
        return len(marks)
