"""`./run bench [NAME …]` prints a table of figures; `./run bench --help` says what each name measures."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from bench import feeds, growth, line, matching, month, start, stories, streams, triage, understanding
from bench.report import Figure, show


@dataclass(frozen=True, slots=True)
class Measurement:
    """What makes a part of the table, what that part says, and about how many minutes it takes on two cores.

    Where it is `asked`, it is made only when it is named.
    """

    measure: Callable[[], list[Figure]]
    says: str
    minutes: int
    asked: bool = False


MEASUREMENTS = {
    "matching": Measurement(matching.measure, "decode a post and match 1,000 and 10,000 Boolean queries, one core", 1),
    "streams": Measurement(streams.measure, "events of Jetstream and of X's stream, decoded and matched, one core", 1),
    "feeds": Measurement(feeds.measure, "a thousand feeds read, then looked at again when nothing is new", 2),
    "nlp": Measurement(understanding.measure, "posts understood a second of processor time, beside vaderSentiment", 1),
    "stories": Measurement(stories.measure, "copies of posts found among a million stored stories", 10),
    "line": Measurement(line.throughput, "a whole daemon: mentions a second from the API to their cases; memory", 2),
    "start": Measurement(start.measure, "a whole daemon: how soon it is up, at first and later", 1),
    "latency": Measurement(
        line.latency, "a whole daemon: from a post to its Sev1 notice at 100 posts/s; memory idle", 3
    ),
    "clocks": Measurement(line.clocks, "a whole daemon: how late clocks fire with 10,000 open cases", 7),
    "decide": Measurement(triage.decisions, "posts decided and applied to cases and clocks, without a database", 1),
    "sweep": Measurement(triage.sweep, "what clocks cost while 10,000 and 100,000 cases are open", 5),
    "growth": Measurement(
        growth.measure, "what a post and a page cost among five million stored mentions", 60, asked=True
    ),
    "month": Measurement(
        month.measure, "a made-up month of 200,000 posts, after which nothing may be broken", 60, asked=True
    ),
}
HELP = ("-h", "--help", "help")


def help_text() -> str:
    """Each name, what it measures, and how long that takes."""
    lines = [f"  {name:<9} {one.says:<77} {one.minutes:>3} min" for name, one in MEASUREMENTS.items()]
    unasked = " and ".join(name for name, one in MEASUREMENTS.items() if one.asked)
    return "\n".join(
        (
            "./run bench [NAME …]   measures and prints a table: ours, the goal, and a naive way in the same run",
            "",
            *lines,
            "",
            f"Without a name it measures all but {unasked}. Minutes are those of two idle cores. What else the machine",
            "does is measured too: a ratio to the naive way says more than a figure. What made the figures what they",
            "are is in docs/performance.md.",
        )
    )


def refusal(unknown: Sequence[str]) -> str:
    """What is wrong with names that measure nothing, and what there is."""
    near = [close for name in unknown for close in get_close_matches(name, MEASUREMENTS, n=1)]
    meant = f" (do you mean {', '.join(near)}?)" if near else ""
    return f"nothing is measured by the name {', '.join(unknown)}{meant}\n\n{help_text()}"


def main(names: Sequence[str]) -> int:
    """Run the named measurements, or all. Returns the exit status."""
    if any(name in HELP for name in names):
        print(help_text())
        return 0
    if unknown := [name for name in names if name not in MEASUREMENTS]:
        print(refusal(unknown), file=sys.stderr)
        return 2
    figures: list[Figure] = []
    for name in names or [name for name, one in MEASUREMENTS.items() if not one.asked]:
        print(f"measuring {name} …", file=sys.stderr)
        figures += MEASUREMENTS[name].measure()
    show(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
