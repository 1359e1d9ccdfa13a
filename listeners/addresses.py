"""Which addresses a source may connect to: public ones, unless the configuration allows private ones.

The name is resolved here, every address is judged, and the connection goes to the address that was judged: a name
that answers differently the second time gains nothing. TLS still checks the certificate against the name.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Final

import httpcore
import httpx
from httpcore import AsyncConnectionPool, AsyncNetworkBackend, AsyncNetworkStream

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]

# Most hosts are asked once in minutes; httpcore looks through all open connections for each request.
KEPT_OPEN: Final = 4

# Through these an IPv4 address is reached by another name: NAT64, 6to4 and Teredo.
_TRANSLATED: Final = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


class RefusedAddressError(Exception):
    """A name that leads to an address that is not public. Says which."""


def is_public(address: Address) -> bool:
    """Whether this is an address of the open internet: not private, loopback, link-local, shared or multicast."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class CheckedBackend(AsyncNetworkBackend):
    """Opens connections to what a name resolves to, if it may. The first address that answers is taken."""

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self._sockets = httpcore.AnyIOBackend()
        # Not the loop's own threads: slow name servers must not keep those who commit waiting.
        self._resolvers = ThreadPoolExecutor(16, thread_name_prefix="resolve")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the signature is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> AsyncNetworkStream:
        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._sockets.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def close(self) -> None:
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, host: str, port: int) -> list[str]:
        resolve = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._resolvers, resolve)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} has no address") from error
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        if not self.allow_private:
            for address in addresses:
                if not is_public(ipaddress.ip_address(address.partition("%")[0])):
                    raise RefusedAddressError(f"{host} is at {address}, which is not a public address")
        return addresses


@cache
def _tls() -> ssl.SSLContext:
    """Reading all certificates takes a while: once a process."""
    return httpx.create_ssl_context()


class CheckedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport on connections that are checked."""

    def __init__(self, *, allow_private: bool, connections: int) -> None:
        super().__init__(verify=_tls())
        self._backend = CheckedBackend(allow_private=allow_private)
        self._pool = AsyncConnectionPool(
            ssl_context=_tls(),
            max_connections=connections,
            max_keepalive_connections=KEPT_OPEN,
            keepalive_expiry=5.0,
            network_backend=self._backend,
        )

    async def aclose(self) -> None:
        await super().aclose()
        self._backend.close()
