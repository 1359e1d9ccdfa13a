"""Breaks triage on purpose, one line at a time, and sees that tests fail: `python -m tests.triage.mutations`.

Each break is made in a copy of the sources. One that no test notices is reported, and the exit code is 1.
"""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]
COPIED = ("leitstand", "listeners", "nlp", "triage", "escalation_bridge", "workers", "monitoring", "console", "bench")


@dataclass(frozen=True, slots=True)
class Break:
    """One line made wrong, and the tests that must notice."""

    what: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]


BREAKS = (
    Break(
        "a pause counts the wall clock, not the working time", "triage/sla.py",
        "paused = clock.paused + hours.between(clock.paused_at, at)", "paused = clock.paused + (at - clock.paused_at)",
        ("test_clock_life", "test_hours"),
    ),
    Break(
        "a second pause forgets the first", "triage/sla.py",
        "paused = clock.paused + hours.between(clock.paused_at, at)", "paused = hours.between(clock.paused_at, at)",
        ("test_clock_life", "test_sla"),
    ),
    Break(
        "a late answer counts as kept", "triage/sla.py",
        "in_time = at <= clock.due_at or", "in_time = True or",
        ("test_sla", "test_known_bugs"),
    ),
    Break(
        "thanks start the next response", "triage/changes.py",
        "    if not decision.assessment.needs_reply:\n        return\n", "",
        ("test_known_bugs", "test_cases"),
    ),
    Break(
        "a reminder goes out while the case waits", "triage/firing.py",
        "pause(fired, now) if waits else fired", "fired",
        ("test_waiting", "test_month"),
    ),
    Break(
        "the least specific entry wins", "triage/agreements.py",
        "top = max((heavy for heavy, _", "top = min((heavy for heavy, _",
        ("test_agreements",),
    ),
    Break(
        "the language does not narrow an entry", "triage/agreements.py",
        "entry.severity, entry.languages, entry.watchlists", "entry.severity, [], entry.watchlists",
        ("test_agreements",),
    ),
    Break(
        "a tie is looked for only among the heaviest", "triage/agreements.py",
        "if weight(e) > weight(entries[i])]", "if False]",
        ("test_agreements", "test_checks"),
    ),
    Break(
        "what a case was promised changes with the file", "triage/policy.py",
        "return case.sla if case.sla.name else self.agreement(case.traits())", "return self.agreement(case.traits())",
        ("test_migrate",),
    ),
    Break(
        "holidays are worked", "triage/hours.py",
        "if not intervals or day in self._closed:", "if not intervals:",
        ("test_hours", "test_ical"),
    ),
    Break(
        "summer time is not known", "triage/hours.py",
        "        if before == after:\n", "        if True:\n",
        ("test_hours", "test_clock_life"),
    ),
    Break(
        "a reply does not know its conversation", "triage/grouping.py",
        "for i in (mention.conversation_id, mention.parent_id, mention.external_id) if i",
        "for i in (mention.external_id,) if i",
        ("test_cases", "test_decide"),
    ),
    Break(
        "an author joins for ever", "triage/decide.py",
        "self.oldest <= holder.last_at", "True",
        ("test_cases", "test_decide"),
    ),
    Break(
        "a key that another case holds counts as taken", "triage/keys.py",
        ".rowcount == len(rows)", ".rowcount >= 0",
        ("test_concurrency",),
    ),
    Break(
        "a case that is over keeps its keys", "triage/actions.py",
        "    keys.release_cases(a.connection, [a.case.number])\n", "",
        ("test_actions", "test_month"),
    ),
    Break(
        "a rule is asked for any of its conditions", "triage/rules.py",
        "return all(test(subject) for _, test in self.tests)", "return any(test(subject) for _, test in self.tests)",
        ("test_judgement", "test_rules"),
    ),
)  # fmt: skip


def unnoticed(broken: Break) -> bool:
    """Whether all tests pass although this is broken."""
    with tempfile.TemporaryDirectory() as folder:
        for name in (*COPIED, "tests"):
            shutil.copytree(TOP / name, Path(folder) / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(TOP / "pyproject.toml", folder)
        file = Path(folder) / broken.file
        source = file.read_text()
        if source.count(broken.right) != 1:
            raise SystemExit(f"{broken.file} has {broken.right!r} {source.count(broken.right)} times: mend this list")
        file.write_text(source.replace(broken.right, broken.wrong))
        tests = [f"tests/triage/{name}.py" for name in broken.tests]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
        ended = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        if ended.returncode not in (0, 1):
            raise SystemExit(f"the tests did not run: {ended.stdout.decode()[-2000:]}{ended.stderr.decode()[-2000:]}")
        return ended.returncode == 0


def main() -> int:
    """Try every break."""
    missed = 0
    for broken in BREAKS:
        passed = unnoticed(broken)
        missed += passed
        sys.stdout.write(f"{'NOT NOTICED' if passed else 'noticed    '}  {broken.what}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(BREAKS) - missed} of {len(BREAKS)} noticed\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
