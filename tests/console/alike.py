"""Finds what a live update would take for each other: what has the same id, or is given the same by update.js."""

from html.parser import HTMLParser


def alike(page: str) -> list[str]:
    """The ids that two of what can be acted upon, in a page's content, have in common."""
    acted = Acted()
    acted.feed(page)
    assert acted.seen
    return acted.twice


class Acted(HTMLParser):
    """What can be acted upon in a page, by its id or the one that update.js gives it: `seen`, and `twice` of those."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.twice: list[str] = []
        self._open: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("id") or self._named(tag, given)
        if name and self._open:
            self.twice += [name] if name in self.seen else []
            self.seen.add(name)
        if tag not in ("input", "meta", "link", "br", "img") and (self._open or tag == "main"):
            self._open.append((tag, name or (self._open[-1][1] if self._open else "")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def _named(self, tag: str, given: dict[str, str | None]) -> str:
        if tag not in ("form", "button", "input", "select", "textarea") and "data-case" not in given:
            return ""
        says = next((n for n in map(given.get, ("data-case", "action", "formaction", "name")) if n), "")
        which = given.get("value") if given.get("type") == "checkbox" else ""
        return " ".join((self._open[-1][1] if self._open else "", tag, says, which or "")).strip()
