"""The last names that were heard, in order: tells new posts from known ones without believing any date."""

from collections.abc import Iterable
from typing import Self


class Recent:
    """A set of at most `most` names that forgets the oldest. Names hold no blanks."""

    def __init__(self, most: int, names: Iterable[str] = ()) -> None:
        self.most = most
        self._names = dict.fromkeys(names)
        self._forget()

    @classmethod
    def from_text(cls, text: str, most: int) -> Self:
        return cls(most, text.split())

    def text(self) -> str:
        return " ".join(self._names)

    def add(self, name: str) -> bool:
        """Remember a name; whether it is new. A known one becomes the youngest."""
        new = name not in self._names
        self._names.pop(name, None)
        self._names[name] = None
        self._forget()
        return new

    def youngest(self) -> list[str]:
        return list(reversed(self._names))

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._names)

    def _forget(self) -> None:
        while len(self._names) > self.most:
            del self._names[next(iter(self._names))]
