"""Reply templates: which fit a case, and what they say with its facts filled in. Pure.

{author} the author's handle or name   {brand} {team} {number}   {link} the case's page
"""

import string
from collections.abc import Sequence
from dataclasses import dataclass

from leitstand.model import CaseSnapshot
from leitstand.settings import Reply

VARIABLES = ("author", "brand", "team", "number", "link")


@dataclass(frozen=True, slots=True)
class Draft:
    """A reply to begin with: a person reads and sends it."""

    name: str
    text: str


def drafts(case: CaseSnapshot, replies: Sequence[Reply], brand: str) -> tuple[Draft, ...]:
    """The templates of the case's language that share an intent with it, the most specific first."""
    fitting = [r for r in replies if r.language in ("", case.language) and (not r.intents or _shared(r, case))]
    fitting.sort(key=lambda r: (-_shared(r, case), r.language == ""))
    facts = _facts(case, brand)
    return tuple(Draft(reply.name, reply.text.format_map(facts)) for reply in fitting)


def _shared(reply: Reply, case: CaseSnapshot) -> int:
    return len(set(reply.intents) & set(case.intents))


def _facts(case: CaseSnapshot, brand: str) -> dict[str, str]:
    # A post's author may be called {link}: what is filled in is not read for variables again.
    author = case.author.handle or case.author.name
    return {"author": author, "brand": brand, "team": case.team, "number": str(case.number), "link": case.link}


def problem(written: str) -> str:
    """What is wrong with a template, "" if nothing is."""
    known = ", ".join(f"{{{name}}}" for name in VARIABLES)
    try:
        # A format behind the name ({author:d}) could fail, or fill a page, once somebody's name is put in.
        fields = [
            f"{name}{'!' + how if how else ''}{':' + form if form else ''}"
            for _, name, form, how in string.Formatter().parse(written)
            if name is not None
        ]
    except ValueError as error:
        return f"{error}; write {{{{ and }}}} for braces, and one of {known}"
    unknown = next((name for name in fields if name not in VARIABLES), None)
    return "" if unknown is None else f"unknown variable {{{unknown}}}; known: {known}"
