"""A small writer of SVG. Coordinates are rounded, texts are escaped; colours follow the reader's light or dark."""

from collections.abc import Iterable, Sequence
from html import escape

STYLE = """
svg{font:13px system-ui,sans-serif;background:#fff;color:#1c2330}
text{fill:currentColor}.dim{fill:#667085}.head{font-weight:600}.big{font-size:16px;font-weight:600}
.grid{stroke:#d9dee7}.box{fill:#f3f5f9;stroke:#c6cedb}.line{fill:none;stroke:#1f6feb;stroke-width:1.6}
.usual{fill:none;stroke:#667085;stroke-dasharray:4 3}
.limit{fill:none;stroke:#c2410c;stroke-dasharray:1 3;stroke-width:1.6}
.span{fill:#c2410c;fill-opacity:.10}.mark{stroke:#c2410c}.said{fill:#c2410c}.arrow{stroke:#98a2b3;fill:none}
@media(prefers-color-scheme:dark){svg{background:#12161d;color:#e6eaf0}.dim{fill:#9aa6b6}.grid{stroke:#2a3240}
.box{fill:#1b2230;stroke:#38445a}.line{stroke:#6ea8fe}.usual{stroke:#9aa6b6}.limit,.mark{stroke:#fb923c}
.said{fill:#fb923c}.span{fill:#fb923c}.arrow{stroke:#667085}}
"""


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """A whole file."""
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {n(width)} {n(height)}" width="{n(width)}"'
        f' height="{n(height)}" role="img"><title>{escape(title)}</title><style>{STYLE}</style>\n{body}\n</svg>\n'
    )


def text(x: float, y: float, words: str, css: str = "", anchor: str = "start") -> str:
    """One line of text."""
    return f'<text x="{n(x)}" y="{n(y)}"{_class(css)} text-anchor="{anchor}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line."""
    return f'<line x1="{n(x1)}" y1="{n(y1)}" x2="{n(x2)}" y2="{n(y2)}"{_class(css)}/>'


def rect(x: float, y: float, width: float, height: float, css: str) -> str:
    """A box."""
    return f'<rect x="{n(x)}" y="{n(y)}" width="{n(width)}" height="{n(height)}" rx="4"{_class(css)}/>'


def path(points: Sequence[tuple[float, float]], css: str) -> str:
    """A line through points."""
    return f'<polyline points="{" ".join(f"{n(x)},{n(y)}" for x, y in points)}"{_class(css)}/>' if points else ""


def n(value: float) -> str:
    """A number as short as it may be."""
    return f"{value:.1f}".removesuffix(".0")


def _class(css: str) -> str:
    return f' class="{css}"' if css else ""
