"""The cursor of one feed: what must be known to ask for it again, and to tell what is new."""

import msgspec


class Memory(msgspec.Struct, omit_defaults=True, rename="camel"):
    """`url`: where to ask instead of the configured address, because it has moved or was found on its page.

    `etag` and `modified` are the server's validators, word for word; `digest` is the last document's, for servers that
    send the same again. They are only kept once the document was read. `seen` are the marks of what was heard. `every`
    is the pace found for it, in seconds. `comments` is where the site's comments are heard, "" where unknown. `found`:
    the address is a page that named the feed. `hub`, `topic` and `renew_at` (UNIX time) are for WebSub, `names` for
    tombstones.
    """

    url: str = ""
    etag: str = ""
    modified: str = ""
    digest: str = ""
    seen: str = ""
    every: float = 0.0
    comments: str = ""
    found: bool = False
    hub: str = ""
    topic: str = ""
    renew_at: float = 0.0
    names: dict[str, str] = {}

    def conditions(self) -> dict[str, str]:
        """The headers of a conditional request."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.modified}
        return {name: value for name, value in asked.items() if value}
