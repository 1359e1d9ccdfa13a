"""Whether posts can be understood by what the configuration puts in the place of what is shipped."""

import importlib
from collections.abc import Iterator

from console.health.finding import Finding, State
from leitstand.errors import Problem
from leitstand.settings import Nlp, Settings

_ADVICE = "the role `work` would not start: mend it, or leave it out to use what is shipped"


def understanding(settings: Settings) -> Iterator[Finding]:
    """All that is wrong with the model, the packages and the components of `nlp`; nothing where it names none."""
    if settings.nlp == Nlp():
        return
    # Imported for those who name something: it takes a second.
    pipeline = importlib.import_module("nlp.pipeline")
    try:
        pipeline.load(settings)
    except Exception as error:  # noqa: BLE001  somebody's own component may raise anything
        found = pipeline.problems(settings.nlp) or [Problem("nlp", f"{type(error).__name__}: {error}")]
        yield from (Finding(problem.path, State.FAIL, problem.message, _ADVICE) for problem in found)
    else:
        yield Finding("nlp", State.OK, "its model, packages and components can be loaded")
