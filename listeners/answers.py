"""JSON answers of APIs → typed structs. One bad element among good ones harms only itself."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec
import structlog

from listeners.fetch import Page

log = structlog.get_logger()

T = TypeVar("T")


def decode(page: Page, shape: type[T]) -> T:
    """What an answer holds. Raises FetchError if it is no success or not of this shape."""
    try:
        return msgspec.json.decode(page.check().body, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise page.refusal(f"the answer is not what it should be: {str(error)[:200]}") from error


def each(elements: Iterable[msgspec.Raw], shape: type[T]) -> Iterator[T]:
    """Those elements that are of this shape; how many are not is logged."""
    bad = 0
    for one in elements:
        try:
            yield msgspec.json.decode(one, type=shape)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            bad += 1
    if bad:
        log.warning("elements of an answer left out", count=bad, shape=shape.__name__)
