"""Frames packed with zstd and a dictionary: about a sixth of the traffic. Needs the extra `leitstand[bluesky]`."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

from leitstand.errors import InputError, PluginError
from listeners.bluesky.wires import MAX_FRAME

MAGIC: Final = b"\x28\xb5\x2f\xfd"

Unpack = Callable[[bytes], bytes]


def plain(frame: bytes) -> bytes:
    """Frames as they are. Raises InputError for a packed one that nobody asked for."""
    if frame.startswith(MAGIC):
        raise InputError("a packed frame that was not asked for")
    return frame


def is_installed() -> bool:
    """Whether frames can be unpacked here."""
    return find_spec("zstandard") is not None


def unpacker(dictionary: bytes) -> tuple[int, Unpack]:
    """The dictionary's number, and what unpacks frames packed with it. Raises PluginError without the extra."""
    try:
        import zstandard  # noqa: PLC0415  an optional extra
    except ModuleNotFoundError as error:
        raise PluginError("a dictionary needs 'zstandard': pip install 'leitstand[bluesky]'") from error
    shared = zstandard.ZstdCompressionDict(dictionary)
    unpack = zstandard.ZstdDecompressor(dict_data=shared)

    def unpacked(frame: bytes) -> bytes:
        if not frame.startswith(MAGIC):
            return frame
        try:
            if zstandard.frame_content_size(frame) > MAX_FRAME:
                raise InputError(f"a frame of more than {MAX_FRAME:,} bytes")
            return unpack.decompress(frame, max_output_size=MAX_FRAME)
        except zstandard.ZstdError as error:
            raise InputError(f"a frame that cannot be unpacked: {error}") from error

    return max(1, shared.dict_id()), unpacked
