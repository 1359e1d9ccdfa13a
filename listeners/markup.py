"""Has the standard library's HTML parser read what a stranger wrote: it neither raises then, nor takes for ever."""

from html import unescape
from html.parser import HTMLParser
from typing import Final

# So many tags and comments without an end are passed over singly.
_MOST_BROKEN: Final = 4


def read_whole(parser: HTMLParser, markup: str) -> None:
    """Give the parser a whole document, in a time that grows with its length alone.

    By itself it takes the `<` of what has no end for text, and then looks for the end of what is behind it: a megabyte
    of `<a ` keeps it for hours. After a few of them, here, the rest is text.
    """
    parser.feed(_without_sections(markup))
    for _ in range(_MOST_BROKEN):
        if not parser.rawdata.startswith("<"):
            break
        rest, parser.rawdata = parser.rawdata, ""
        parser.handle_data("<")
        parser.feed(rest[1:])
    if parser.rawdata.startswith("<"):
        rest, parser.rawdata = parser.rawdata, ""
        parser.handle_data(unescape(rest))
    parser.close()


def _without_sections(markup: str) -> str:
    """What begins with `<![` makes the parser raise; with a blank in it, it is passed over like a comment."""
    return markup.replace("<![", "<! [")
