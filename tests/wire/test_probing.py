"""What the network says about an address, on real sockets."""

from __future__ import annotations

import socket

from harness.transports.probing import Reach, address_towards, can_listen, reach


def test_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert reach("127.0.0.1", listener.getsockname()[1], 5.0).reach is Reach.OPEN


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert reach("127.0.0.1", port, 5.0).reach is Reach.REFUSED


def test_a_name_that_nobody_has() -> None:
    assert reach("nobody.invalid", 104, 5.0).reach is Reach.UNKNOWN_HOST
    assert reach("a..b", 104, 5.0).reach in (Reach.UNKNOWN_HOST, Reach.FAILED)


def test_a_port_that_is_none() -> None:
    assert reach("127.0.0.1", 70000, 5.0).reach is Reach.FAILED


def test_a_listener_that_does_not_answer_in_time_is_silent() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex(address)
            waiting.append(one)
        found = reach(*address, 0.2).reach
        for one in waiting:
            one.close()
    assert found in (Reach.SILENT, Reach.OPEN)  # OPEN where the operating system queues more than it was asked to


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert can_listen("127.0.0.1", port) != ""
    assert can_listen("127.0.0.1", 0) == ""
    assert can_listen("no such interface", 0) != ""


def test_the_address_towards_oneself() -> None:
    assert address_towards("127.0.0.1") == "127.0.0.1"
    assert address_towards("nobody.invalid") == "127.0.0.1"
