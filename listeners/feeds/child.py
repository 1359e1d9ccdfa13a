"""The reading process: takes documents on standard input, gives feeds on standard output, until its input ends.

Each message is its length in four bytes and then MessagePack. It is nobody's loss if it is killed.
"""

import os
import resource
import signal
import sys
from dataclasses import dataclass
from typing import BinaryIO, Final

import msgspec

from leitstand.errors import FetchError
from listeners.feeds import json_feed, xml_feed
from listeners.feeds.document import Feed

LENGTH_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Task:
    """One document, with the headers that say what it is."""

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The feed, or else what is wrong with the document."""

    feed: Feed | None
    error: str = ""


def framed(message: bytes) -> bytes:
    """A message with its length before it."""
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


def read(task: Task) -> Outcome:
    """The feed of a document; whatever goes wrong becomes words."""
    try:
        if task.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
            return Outcome(json_feed.read(task.body))
        return Outcome(xml_feed.read(task.body, task.headers))
    except FetchError as error:
        return Outcome(None, str(error))
    except MemoryError:
        return Outcome(None, "reading it needs more memory than it may have")
    except RecursionError:
        return Outcome(None, "it is nested too deeply")
    except Exception as error:  # noqa: BLE001  the outermost loop of this process; the parser raises what it likes
        return Outcome(None, f"it cannot be read: {type(error).__name__}")


def serve(source: BinaryIO, sink: BinaryIO, seconds: int) -> None:
    """Read one document after the other. One that takes longer than `seconds` ends the process."""
    while head := source.read(LENGTH_BYTES):
        task = msgspec.msgpack.decode(source.read(int.from_bytes(head, "big")), type=Task)
        signal.alarm(seconds)
        outcome = read(task)
        signal.alarm(0)
        sink.write(framed(msgspec.msgpack.encode(outcome)))
        sink.flush()


def main(memory: int, seconds: int) -> None:
    """Serve within limits. Ctrl-C is the parent's to answer; where the parent is gone, the alarm ends us."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(5)
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    serve(source, sink, seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
