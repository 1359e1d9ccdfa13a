"""The role `work`, whose process a post can end as a fault in a library does: -m tests.workers.poisoned CONFIG"""

import os
import signal
import sys
from collections.abc import Sequence

from leitstand.model import Assessment, Mention
from nlp.pipeline import Assessor
from workers import work

_assess = Assessor.assess


def assess(self: Assessor, mentions: Sequence[Mention]) -> list[Assessment]:
    """The assessments, unless a post is deadly."""
    if any("deadly" in mention.text for mention in mentions):
        os.kill(os.getpid(), signal.SIGKILL)
    return _assess(self, mentions)


if __name__ == "__main__":
    Assessor.assess = assess  # type: ignore[method-assign]
    work.main(sys.argv[1], "work-1")
