"""Makes pages of templates: one Jinja environment a language, everything escaped, what all pages share put in."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, lru_cache, partial
from pathlib import Path

from babel.numbers import format_compact_decimal, format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from console.auth import Caller
from console.web import view
from console.web.language import NAMES, chosen, translations
from console.web.words import CONDITIONS, NOTICES, PAGES, channel
from leitstand import clock
from leitstand.language import words
from leitstand.language.catalogue import LANGUAGES, Language
from leitstand.language.sentences import speaker, titler, translate
from leitstand.settings import Settings

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
_NUMBERS = 4096  # kept as written: they were a sixth of what a wall cost


class Renderer:
    """All templates, in all languages."""

    def __init__(self, settings: Settings) -> None:
        self._default: Language = settings.server.language
        self._common: dict[str, object] = {
            "brand": settings.brand.name,
            "languages": NAMES,
            "static_version": _fingerprint(STATIC),
            "view": view,
            "channel": channel,
            "once": cache,
            "pages": PAGES,
        }
        self._environments = {language: self._environment(language) for language in LANGUAGES}

    def language(self, request: Request) -> Language:
        """The language that this browser gets."""
        return chosen(request, self._default)

    def say(self, request: Request, message: str) -> str:
        """A sentence of words.py in the browser's language."""
        return translations_of(self._environments[self.language(request)], message)

    def sentences(self, request: Request) -> Callable[[str], str]:
        """Says the stages' own sentences in the browser's language."""
        return speaker(self.language(request))

    def page(
        self,
        request: Request,
        template: str,
        context: Mapping[str, object] | None = None,
        *,
        caller: Caller | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        """The page, or the part of one, that `template` makes."""
        language = self.language(request)
        shared: dict[str, object] = {
            "language": language,
            "caller": caller,
            "now": clock.now(),
            "section": "",
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        }
        return answer(self._render(template, language, {**shared, **(context or {})}), language, status)

    def part(self, template: str, language: Language, context: Mapping[str, object]) -> bytes:
        """The part of a page that many may be shown: it knows of no request and of no caller."""
        return self._render(template, language, {"now": clock.now(), **context}).encode()

    def _render(self, template: str, language: Language, context: Mapping[str, object]) -> str:
        return self._environments[language].get_template(template).render(context)

    def _environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        spoken = translations(language)
        environment.install_gettext_translations(spoken, newstyle=True)  # type: ignore[attr-defined]
        environment.globals.update(self._common)
        environment.filters.update(
            utc=utc,
            iso=iso,
            label=lambda value: spoken.gettext(words.label(value)),
            spoken=lambda code: spoken.gettext(words.SPOKEN.get(str(code), str(code))),
            kind=lambda name: spoken.gettext(words.KINDS.get(str(name), str(name))),
            condition=lambda state: spoken.gettext(CONDITIONS[str(state)]),
            about=lambda name: spoken.gettext(words.about(str(name))),
            notice=lambda kind: spoken.gettext(NOTICES[str(kind)]),
            number=lru_cache(_NUMBERS)(partial(format_decimal, locale=language)),
            people=lru_cache(_NUMBERS)(people(language)),
            sentence=speaker(language),
            called=titler(language),
            refusal=partial(translate, gettext=spoken.gettext),  # in English, too: what to do, not what is wrong
            said=spoken.gettext,
        )
        environment.globals.update(
            labelled=lambda values: [(value.value, spoken.gettext(words.label(value))) for value in values],
            plain=lambda values: [(value, value) for value in values],
            networks=lambda names: [(name, channel(name)) for name in names],
        )
        return environment


def answer(html: str | bytes, language: Language, status: int = 200) -> HTMLResponse:
    """The answer with a page, or the part of one."""
    headers = {"Content-Language": language, "Vary": "Accept-Language, Cookie, HX-Request"}
    return HTMLResponse(html, status, headers)


def translations_of(environment: Environment, message: str) -> str:
    """`message` as this environment's pages say it."""
    return str(environment.from_string("{{ gettext(message) }}").render(message=message))


def people(language: Language) -> Callable[[int], str]:
    """How many people, at a glance: `481k`, `1.2M`; in German, which shortens no thousands, `481.200`, `1,2 Mio.`."""
    if language == "en":
        return view.people

    def shown(count: int) -> str:
        if count < 1_000_000:
            return format_decimal(count, locale=language)
        return format_compact_decimal(count, locale=language, fraction_digits=1)

    return shown


def utc(moment: datetime) -> str:
    """A time as read without a script, and in the title of every time."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def iso(moment: datetime) -> str:
    """A time for a script."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


def _fingerprint(folder: Path) -> str:
    """Changes whenever a static file does, so that browsers may keep them for long."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
