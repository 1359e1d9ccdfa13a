"""Real failures of connections, as asyncio and ssl raise them, and what is said of them."""

import asyncio
import errno
import socket
import ssl

import pytest

from leitstand.language.sentences import speaker
from leitstand.unreached import Obstacle, obstacle, why


def failed(port: int, *, tls: bool = False) -> BaseException:
    """What connecting ends with, wrapped twice."""

    async def go() -> None:
        context = ssl.create_default_context() if tls else None
        try:
            async with asyncio.timeout(60):
                await asyncio.open_connection("127.0.0.1", port, ssl=context)
        except OSError as error:
            raise RuntimeError("all attempts failed") from error

    with pytest.raises(RuntimeError) as caught:
        asyncio.run(go())
    wrapped = ValueError("cannot connect to https://anna:geheim@host/")
    wrapped.__context__ = caught.value
    return wrapped


def test_a_port_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert obstacle(failed(port)) is Obstacle.REFUSED
    assert why(failed(port)) == "the connection is refused"


def test_a_server_that_speaks_no_tls() -> None:
    async def go() -> BaseException:
        async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 hello, and what is it you want?\r\n" * 3)
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        async with server:
            return await asyncio.to_thread(failed, server.sockets[0].getsockname()[1], tls=True)

    error = asyncio.run(go())
    assert obstacle(error) is Obstacle.TLS
    assert why(error).startswith("no TLS comes about: ")


@pytest.mark.parametrize(
    ("error", "found", "said"),
    [
        (socket.gaierror(socket.EAI_NONAME, "?"), Obstacle.NAME, "its name is not known"),
        (socket.gaierror(socket.EAI_AGAIN, "?"), Obstacle.NO_NAME_SERVER, "no name server answers"),
        (UnicodeError("label too long"), Obstacle.NAME, "its name is not known"),
        (TimeoutError(), Obstacle.SILENT, "it does not answer"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Obstacle.NO_WAY, "there is no way to it from here"),
        (ConnectionResetError(), Obstacle.BROKEN_OFF, "it breaks the connection off"),
        (
            OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 25), [Errno 111] …"),
            Obstacle.REFUSED,
            "the connection is refused",
        ),
        (ExceptionGroup("many", [ConnectionRefusedError()]), Obstacle.REFUSED, "the connection is refused"),
        (OSError(errno.ENFILE, "Too many open files in system"), None, "Too many open files in system"),
        (ValueError("https://anna:geheim@host/"), None, "ValueError"),
    ],
)
def test_what_is_said(error: BaseException, found: Obstacle | None, said: str) -> None:
    assert obstacle(error) is found
    assert why(error) == said


def test_what_was_put_aside_counts_too() -> None:
    """httpcore raises its error `from None` although it has a cause."""
    error = ValueError("all attempts failed")
    error.__context__, error.__suppress_context__ = ConnectionRefusedError(), True
    assert obstacle(error) is Obstacle.REFUSED


def test_errors_in_a_ring_come_to_an_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert obstacle(one) is None


@pytest.mark.parametrize("one", Obstacle)
def test_german(one: Obstacle) -> None:
    assert speaker("de")(one.value) != one.value
    assert one.value not in speaker("de")(f"social.example cannot be reached: {one.value}")
