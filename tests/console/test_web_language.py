"""Every word of the pages has its German."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from console import web

WEB = Path(web.__file__).parent
_FUNCTIONS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_PLACES = [("**.py", "python"), ("templates/**.html", "jinja2")]


def _said() -> Iterator[str | tuple[str, ...]]:
    for _, _, message, _, _ in extract_from_dir(str(WEB), _PLACES, keywords=_FUNCTIONS):
        yield message if isinstance(message, str) else tuple(message)


def _german() -> dict[str | tuple[str, ...], Message]:
    with (WEB / "translations/de.po").open("rb") as file:
        catalog = read_po(file, locale="de")
    return {m.id if isinstance(m.id, str) else tuple(m.id): m for m in catalog if m.id}


def test_every_message_is_translated() -> None:
    german = _german()
    missing = [m for m in _said() if m not in german or not all(_texts(german[m]))]
    assert missing == []


def test_translations_have_the_same_placeholders() -> None:
    wrong = [m.id for m in _german().values() if [str(e) for e in m.check()]]
    assert wrong == []


def _texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ("",))
