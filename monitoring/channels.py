"""Channels as a label. Whoever hands posts in names their channel, and every name would be a series for ever."""

from collections.abc import Iterable

MOST = 50
OTHER = "other"


class Channels:
    """The first channels are told by name, and keep it; what comes when there are MOST is told as `other`."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = set(known)

    def label(self, channel: str) -> str:
        """What the channel is called in metrics."""
        if channel not in self._known:
            if len(self._known) >= MOST:
                return OTHER
            self._known.add(channel)
        return channel
