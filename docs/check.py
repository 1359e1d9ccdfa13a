"""Checks the documentation: every relative link leads somewhere. Run by `./run check`."""

import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parent.parent
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")


def broken_links() -> list[str]:
    """Every relative link in a committed Markdown file that leads nowhere."""
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=TOP, capture_output=True, text=True, check=True)
    found: list[str] = []
    for name in listed.stdout.split():
        file = TOP / name
        local = (t for t in _LINK.findall(file.read_text()) if not t.startswith(("http://", "https://", "mailto:")))
        found += [f"{name}: broken link {target}" for target in local if not (file.parent / target).exists()]
    return found


if __name__ == "__main__":
    problems = broken_links()
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(bool(problems))
