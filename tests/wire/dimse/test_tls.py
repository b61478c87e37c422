"""DIMSE over TLS: both sides of ours, and peers that are secured otherwise, or not at all."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import LinkError, TlsFailed, Unreachable
from harness.model.names import ActorName
from harness.model.system import DimseAddress
from harness.model.tls import TlsFiles, TlsMode, TlsTrouble
from harness.model.transcript import EventKind
from harness.transports.dimse import DimseHandler

Listen = Callable[..., DimseAddress]


@pytest.fixture
def secured(listen: Listen, answering: DimseHandler) -> Callable[..., DimseAddress]:
    """An endpoint that is secured with those files, at the address that needs them as well."""

    def start(files: TlsFiles, mode: TlsMode = TlsMode.MUTUAL) -> DimseAddress:
        return replace(listen(answering, tls=mode, tls_files=files), tls=mode, tls_files=files)

    return start


def troubles(recorder: Any) -> list[str]:
    return sorted(event.facts["tls_failure"] for event in recorder.events(EventKind.TLS_FAILED))


def test_both_sides_show_certificates(recorder: Any, secured: Any, associate: Any, authority: Any) -> None:
    address = replace(secured(authority.issue("pacs")), tls_files=authority.issue("modality"))
    with associate(address, "Verification") as association:
        assert association.c_echo().status == 0
    seen = {link.ours: link.facts for link in recorder.links}
    assert seen[True]["tls"] == seen[False]["tls"] == "TLSv1.3"
    assert (seen[True]["tls_peer"], seen[False]["tls_peer"]) == ("CN=pacs", "CN=modality")
    recorder.wait_event(EventKind.LINK_CLOSED, 2)
    assert {event.text for event in recorder.events(EventKind.LINK_CLOSED)} == {"released", "released by the peer"}
    assert not recorder.events(EventKind.TLS_FAILED)


def test_objects_pass_whole(secured: Any, associate: Any, authority: Any, samples: Any, answering: Any) -> None:
    """Many PDUs, of several TLS records each, in one direction; then small ones in the other."""
    with associate(secured(authority.issue("pacs")), "CTImageStorage") as association:
        for number in range(3):
            assert association.c_store(samples.payload(number, rows=512)).status == 0
    assert [len(request.content) > 500_000 for request in answering.requests] == [True] * 3


def test_many_at_a_time(secured: Any, associate: Any, authority: Any) -> None:
    address = secured(authority.issue("pacs"))
    found: list[int] = []

    def echo() -> None:
        with associate(address, "Verification", timeout=20.0) as association:
            found.extend(association.c_echo().status for _ in range(5))

    threads = [threading.Thread(target=echo) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [0] * 30


def test_a_listener_of_an_authority_that_we_do_not_know(
    recorder: Any, secured: Any, associate: Any, authority: Any, stranger: Any
) -> None:
    address = secured(stranger.issue("pacs", trusting=authority))
    mine = replace(address, tls_files=authority.issue("modality"))
    with pytest.raises(TlsFailed, match="issued by an authority that we do not know"), associate(mine, "Verification"):
        pass
    recorder.wait_event(EventKind.TLS_FAILED, 2)
    assert troubles(recorder) == [TlsTrouble.OURS_REFUSED.value, TlsTrouble.UNKNOWN_AUTHORITY.value]
    assert recorder.links == []


def test_a_caller_of_an_authority_that_we_do_not_know(
    recorder: Any, secured: Any, associate: Any, authority: Any, stranger: Any
) -> None:
    address = secured(authority.issue("pacs"))
    mine = replace(address, tls_files=stranger.issue("modality", trusting=authority))
    with pytest.raises(TlsFailed, match="refused our certificate"), associate(mine, "Verification"):
        pass
    recorder.wait_event(EventKind.TLS_FAILED, 2)
    assert troubles(recorder) == [TlsTrouble.OURS_REFUSED.value, TlsTrouble.UNKNOWN_AUTHORITY.value]
    assert recorder.links == []


def test_a_caller_without_certificate(recorder: Any, secured: Any, associate: Any, authority: Any) -> None:
    address = secured(authority.issue("pacs"))
    mine = replace(address, tls=TlsMode.SERVER, tls_files=TlsFiles(authorities=str(authority.path)))
    with pytest.raises(TlsFailed, match="wants a certificate of ours"), associate(mine, "Verification"):
        pass
    recorder.wait_event(EventKind.TLS_FAILED, 2)
    assert troubles(recorder) == [TlsTrouble.NO_CERTIFICATE.value, TlsTrouble.OURS_WANTED.value]


@pytest.mark.parametrize("whose", ["listener", "caller"])
def test_a_certificate_that_has_expired(
    recorder: Any, secured: Any, associate: Any, authority: Any, whose: str
) -> None:
    past = (-9, -1)
    address = secured(authority.issue("pacs", **({"days": past} if whose == "listener" else {})))
    mine = replace(address, tls_files=authority.issue("modality", **({"days": past} if whose == "caller" else {})))
    with pytest.raises(TlsFailed), associate(mine, "Verification"):
        pass
    recorder.wait_event(EventKind.TLS_FAILED, 2)
    assert troubles(recorder) == sorted([TlsTrouble.EXPIRED.value, TlsTrouble.OURS_REFUSED.value])


def test_a_plain_caller_on_our_tls_port(recorder: Any, secured: Any, associate: Any, authority: Any) -> None:
    address = secured(authority.issue("pacs"))
    with pytest.raises(LinkError), associate(replace(address, tls=TlsMode.NONE), "Verification"):
        pass
    (told,) = recorder.wait_event(EventKind.TLS_FAILED)
    assert told.text == "the peer does not speak TLS on our TLS port (it speaks DICOM in the clear)"
    assert told.owner.actor == ActorName("Order Filler")


def test_a_tls_caller_on_our_plain_port(
    recorder: Any, listen: Listen, associate: Any, authority: Any, answering: DimseHandler
) -> None:
    address = replace(listen(answering), tls=TlsMode.MUTUAL, tls_files=authority.issue("modality"))
    with pytest.raises(TlsFailed), associate(address, "Verification"):
        pass
    recorder.wait_event(EventKind.TLS_FAILED, 2)
    assert TlsTrouble.TLS_PEER.value in troubles(recorder)
    assert recorder.wait_event(EventKind.NOISE)


def test_nobody_there_is_no_matter_of_tls(recorder: Any, associate: Any, authority: Any, free_port: int) -> None:
    address = DimseAddress(ae_title="NOBODY", port=free_port, tls=TlsMode.MUTUAL, tls_files=authority.issue("modality"))
    with pytest.raises(Unreachable), associate(address, "Verification"):
        pass
    assert troubles(recorder) == []


def test_whoever_connects_and_says_nothing_keeps_nobody_out(
    recorder: Any, secured: Any, associate: Any, authority: Any
) -> None:
    address = secured(authority.issue("pacs"))
    with socket.create_connection((address.host, address.port)), associate(address, "Verification") as association:
        assert association.c_echo().status == 0


def test_a_commitment_report_comes_on_the_same_association(
    recorder: Any, secured: Any, associate: Any, authority: Any, answering: Any, samples: Any
) -> None:
    address = secured(authority.issue("pacs"))
    with associate(address, "StorageCommitmentPushModel") as association:
        assert (
            association.n_action("StorageCommitmentPushModel", "1.2.840.10008.1.20.1.1", 1, samples.image()).status == 0
        )
        report = answering.requests[0].report
        threading.Thread(target=report, args=("1.2.840.10008.1.20.1.1", 1, samples.image())).start()
        assert association.wait_event_report(5.0) is not None
