"""Tells systemd that the console serves, where a unit of `Type=notify` asks to be told (sd_notify)."""

import os
import socket
from contextlib import suppress


def tell_ready() -> None:
    """Say so once, to the socket that the environment names; nobody else is told, and nothing waits for it."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        place = f"\0{address[1:]}" if address.startswith("@") else address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, suppress(OSError):
            sender.setblocking(False)
            sender.sendto(b"READY=1", place)
