"""`leitstand stories`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from console.offline.posts import Post, open_posts
from console.offline.progress import shown
from console.offline.telling import Story, gathered, stories_of
from console.offline.wording import count, marked, refuse, span, unabridged
from console.options import DEFAULT_CONFIG, AsJson, Config, print_json
from leitstand import clock
from leitstand.settings import Triage
from workers import setup

LIMIT = 50


def command(
    file: Annotated[
        Path, typer.Argument(help='JSON lines, plain or .gz; "-" is standard input. Only `text` is required.')
    ],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Put the posts of a file into stories: reposts and quotes, the same link, copies of a text. Needs no database.

    The settings under `triage` are taken from the configuration where there is one.

    Example: leitstand stories posts.jsonl --json
    """
    triage = setup.load(config, secrets=False).triage if config.exists() or config != DEFAULT_CONFIG else Triage()
    taken: list[Post] = []
    refused = 0
    with open_posts(file) as posts:
        for line in shown(posts.posts(clock.now), posts, "reading"):
            if isinstance(line, Post):
                taken.append(line)
            else:
                refused += 1
                refuse(posts.name, line)
    numbers = stories_of(taken, triage)
    if as_json:
        for post, number in zip(taken, numbers, strict=True):
            print_json({"id": post.id, "story": number})
    else:
        _show(gathered(taken, numbers), len(taken))
    if refused:
        raise typer.Exit(1)


def _show(stories: list[Story], posts: int) -> None:
    say = Console()
    told = [story for story in stories if len(story.posts) > 1][:LIMIT]
    table = unabridged("story", "posts", "last hour", "first", "lasted", "channels", "about")
    table.columns[6].ratio = 1
    for story in told:
        table.add_row(
            str(story.number), f"{len(story.posts):,}", f"+{story.growth:,}", f"{story.first_at:%d %b %H:%M}",
            span(story.last_at - story.first_at) if story.last_at - story.first_at >= timedelta(seconds=1) else "–",
            ", ".join(story.channels), marked(story.posts[0].mention.title or story.posts[0].mention.text, ()),
        )  # fmt: skip
    if told:
        say.print(table)
    alone = sum(len(story.posts) == 1 for story in stories)
    more = len(stories) - alone - len(told)
    rest = f", {more:,} more not shown (--json prints all)" if more else ""
    say.print(
        f"\n{count(posts, 'post')} in {count(len(stories), 'story', 'stories')}: {alone:,} of one post{rest}.",
        highlight=False,
    )
