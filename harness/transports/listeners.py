"""Listening sockets: opened so that they can be opened again at once, with a backlog that holds."""

from __future__ import annotations

import errno
import os
import socket
import sys
from contextlib import suppress

if sys.platform != "win32":
    import resource

_BACKLOG = 128
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


def opened_listener(bind: str, port: int, backlog: int = _BACKLOG) -> socket.socket:
    """A listening socket that does not block; OSError, which says why, when there can be none."""
    if not 0 <= port < 65536:  # the resolver would take it modulo 65536
        raise OSError(errno.EINVAL, "there is no such port")
    try:
        found = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:
        raise OSError(errno.EINVAL, str(error)) from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two listeners share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(backlog)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def is_exhausted(error: OSError) -> bool:
    """Whether the machine or the process has no more sockets: a state that passes."""
    return error.errno in _EXHAUSTED


def allow_many() -> None:
    """Let this process have as many sockets as the machine allows; a relay needs two for each connection."""
    if sys.platform == "win32":
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with suppress(OSError, ValueError):  # then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
