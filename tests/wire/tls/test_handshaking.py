"""The handshake alone, as a ping needs it, against listeners of ours and of nobody."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import InputError
from harness.model.system import Hl7Address
from harness.model.tls import TlsFiles, TlsMode
from harness.transports.tls import Arrival, TlsSocket, handshake, rehearse


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.settimeout(10)
        yield opened


def address(listener: socket.socket, files: TlsFiles | None) -> Hl7Address:
    port = listener.getsockname()[1]
    return Hl7Address(application="A", facility="F", port=port, tls=TlsMode.MUTUAL, tls_files=files)


def serve(listener: socket.socket, files: TlsFiles, mode: TlsMode = TlsMode.MUTUAL) -> None:
    """Take one connection on another thread, and keep it until the peer leaves."""

    def arrive() -> None:
        found = Arrival(listener.accept()[0], mode, files).agree(5.0)
        if isinstance(found, TlsSocket):
            with found:
                found.recv(1)

    threading.Thread(target=arrive, daemon=True).start()


def test_it_tells_what_was_agreed_and_with_whom(listener: socket.socket, authority: Any) -> None:
    serve(listener, authority.issue("pacs"))
    found = handshake(address(listener, authority.issue("ris")), timeout=5.0)
    assert found.works
    assert found.text.startswith(
        "TLSv1.3 with TLS_AES_256_GCM_SHA384; it is CN=pacs, certified by CN=Hospital CA until"
    )
    assert found.advice == ""


def test_a_name_that_does_not_fit_is_told(listener: socket.socket, authority: Any) -> None:
    serve(listener, authority.issue("pacs", hosts=("pacs.example",)))
    found = handshake(address(listener, authority.issue("ris")), timeout=5.0)
    assert found.works
    assert found.text.endswith("does not name 127.0.0.1 (names: pacs.example), which is no failure")


def test_a_refusal_that_comes_after_the_handshake_is_heard(
    listener: socket.socket, authority: Any, stranger: Any
) -> None:
    serve(listener, authority.issue("pacs"))
    found = handshake(address(listener, stranger.issue("ris", trusting=authority)), timeout=5.0)
    assert not found.works
    assert found.text == "the peer refused our certificate (its alert: unknown ca)"
    assert found.advice.startswith("Enter our certificate")


def test_a_plain_port_that_is_silent(listener: socket.socket, authority: Any) -> None:
    found = handshake(address(listener, authority.issue("ris")), timeout=0.2)
    assert (found.works, found.text) == (False, "the peer does not answer the TLS handshake")


def test_nobody_listens(listener: socket.socket, authority: Any) -> None:
    gone = address(listener, authority.issue("ris"))
    listener.close()
    found = handshake(gone, timeout=5.0)
    assert not found.works
    assert found.text.startswith("no connection: ")


def test_files_are_needed(listener: socket.socket, authority: Any) -> None:
    with pytest.raises(InputError, match="needs the files of `tls`"):
        handshake(address(listener, None), timeout=5.0)


def test_our_own_files_are_tried_beforehand(authority: Any, stranger: Any) -> None:
    mine = authority.issue("ris")
    rehearse(mine)
    rehearse(replace(mine, certificate="", key=""))
    rehearse(stranger.issue("ris", trusting=authority))  # whom we trust need not have issued our certificate
    with pytest.raises(InputError, match="has expired"):
        rehearse(authority.issue("old", days=(-9, -1)))
    with pytest.raises(InputError, match="the key does not belong to the certificate"):
        rehearse(replace(mine, key=authority.issue("other").key))
    with pytest.raises(InputError, match=r"the authorities in .* cannot be used: "):
        rehearse(replace(mine, authorities=mine.key))
