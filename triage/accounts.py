"""How lists in the file name people: `channel:handle` or `handle`, any case, with or without the leading @."""

from functools import lru_cache

from leitstand.model import Author


def folded(account: str) -> str:
    """An account as written in the file, in the form in which it is looked up."""
    channel, colon, handle = account.casefold().rpartition(":")
    return channel + colon + handle.removeprefix("@")


@lru_cache(maxsize=256)  # every rule asks about the same author
def accounts(channel: str, author: Author) -> tuple[str, ...]:
    """The forms in which a list may name the author: by handle or id, with the channel or without."""
    handle = author.handle.casefold().removeprefix("@")
    names = (handle, author.id.casefold()) if author.id else (handle,)
    return tuple(known for name in names if name for known in (f"{channel}:{name}", name))
