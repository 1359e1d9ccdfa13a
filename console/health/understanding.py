"""Whether posts can be understood by what the configuration puts in the place of what is shipped."""

import importlib
from collections.abc import Iterator

from console.health.finding import Finding, State
from leitstand.errors import ConfigurationError
from leitstand.settings import Nlp, Settings

_ADVICE = "the role `work` would not start: mend it, or leave it out to use what is shipped"


def understanding(settings: Settings) -> Iterator[Finding]:
    """What is wrong with the model, the packages and the components of `nlp`; nothing where it names none."""
    if settings.nlp == Nlp():
        return
    # Imported for those who name something: it takes a second.
    pipeline = importlib.import_module("nlp.pipeline")
    try:
        pipeline.load(settings)
    except ConfigurationError as error:
        yield from (Finding(problem.path, State.FAIL, problem.message, _ADVICE) for problem in error.problems)
    except (ImportError, OSError, ValueError) as error:  # of somebody's own component
        yield Finding("nlp", State.FAIL, f"{type(error).__name__}: {error}", _ADVICE)
    else:
        yield Finding("nlp", State.OK, "its model, packages and components can be loaded")
