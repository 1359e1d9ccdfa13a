"""Every word of the pages, and of what stages write, has its German, in one place."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from console import web
from leitstand import language

WEB = Path(web.__file__).parent
STAGES = Path(language.__file__).parent
CATALOGUES = (WEB / "translations/de.po", STAGES / "de.po")
_FUNCTIONS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_PLACES = [("**.py", "python"), ("templates/**.html", "jinja2")]


def _said(folder: Path) -> Iterator[str | tuple[str, ...]]:
    for _, _, message, _, _ in extract_from_dir(str(folder), _PLACES, keywords=_FUNCTIONS):
        yield message if isinstance(message, str) else tuple(message)


def _german(path: Path) -> dict[str | tuple[str, ...], Message]:
    with path.open("rb") as file:
        catalog = read_po(file, locale="de")
    return {m.id if isinstance(m.id, str) else tuple(m.id): m for m in catalog if m.id}


@pytest.mark.parametrize(("folder", "catalogues"), [(WEB, CATALOGUES), (STAGES, CATALOGUES[1:])])
def test_every_message_is_translated(folder: Path, catalogues: tuple[Path, ...]) -> None:
    german = {name: message for path in catalogues for name, message in _german(path).items()}
    missing = [m for m in _said(folder) if m not in german or not all(_texts(german[m]))]
    assert missing == []


def test_no_message_is_translated_twice() -> None:
    pages, stages = (_german(path).keys() for path in CATALOGUES)
    assert pages & stages == set()


@pytest.mark.parametrize("path", CATALOGUES)
def test_translations_have_the_same_placeholders(path: Path) -> None:
    wrong = [m.id for m in _german(path).values() if [str(e) for e in m.check()]]
    assert wrong == []


def _texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
