"""A progress bar on standard error, for people only: nothing where that is no terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from console.offline.posts import PostFile

T = TypeVar("T")
_EVERY = 64


def shown(items: Iterable[T], file: PostFile, doing: str) -> Iterator[T]:
    """The items as they are, with a bar that follows how far the file has been read."""
    if not sys.stderr.isatty():
        yield from items
        return
    columns = [
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[count]:,} posts"),
    ]
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=file.size or None, count=0)
        for count, item in enumerate(items, 1):
            if count % _EVERY == 0:
                bar.update(task, completed=file.position(), count=count)
            yield item
