"""Checks the documentation: relative links lead somewhere, and generated pages say what the code says."""

import re
import subprocess
import sys
from pathlib import Path

from docs.build import pages
from monitoring import reference

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


def stale_pages() -> list[str]:
    """Every generated page that is not what its generator would write now."""
    wanted = {**pages(), reference.PAGE: reference.page(reference.PAGE.read_text())}
    stale = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    return [f"{path.relative_to(TOP)}: not what the code says any more: ./run docs" for path in stale]


if __name__ == "__main__":
    problems = broken_links() + stale_pages()
    sys.stdout.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(bool(problems))
