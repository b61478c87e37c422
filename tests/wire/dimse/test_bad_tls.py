"""DICOM over TLS as nobody should speak it: each bad call and each bad listener against careful and careless sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import TlsFailed
from harness.model.deviation import TLS_CHANGES, TLS_OF_LISTENERS, Change
from harness.model.profile import Service
from harness.model.system import DimseAddress
from harness.model.tls import Laxity, Taken, TlsFiles, TlsMode
from harness.model.transcript import EventKind
from harness.pki import Pki
from harness.transports.dimse import Occasion, misused
from harness.transports.recorder import LinkOwner
from harness.transports.tls import Conduct

VERIFICATION = "Verification"
CARELESS = {
    Change.EXPIRED_CERTIFICATE: Laxity.EXPIRED,
    Change.FUTURE_CERTIFICATE: Laxity.EXPIRED,
    Change.UNKNOWN_AUTHORITY: Laxity.UNKNOWN,
    Change.NO_CERTIFICATE: Laxity.ANONYMOUS,
    Change.OLD_TLS: Laxity.OLD,
    Change.IN_THE_CLEAR: Laxity.PLAIN,
}
BAD = sorted(TLS_CHANGES - {Change.OTHER_HOST}, key=lambda change: change.value)
BAD_OF_LISTENERS = sorted(TLS_OF_LISTENERS - {Change.OTHER_HOST}, key=lambda change: change.value)

Secured = Callable[..., DimseAddress]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return Pki(tmp_path_factory.mktemp("pki"), elliptic=True).make()


@pytest.fixture
def secured(listen: Any, answering: Any, pki: TlsFiles) -> Secured:
    """An endpoint with TLS, and its address as a caller knows it."""

    def start(*lax: Laxity, shown: Change | None = None) -> DimseAddress:
        conduct = Conduct(lax=frozenset(lax), shown=shown)
        at: DimseAddress = listen(answering, tls=TlsMode.MUTUAL, tls_files=pki, conduct=lambda: conduct)
        return replace(at, tls=TlsMode.MUTUAL, tls_files=pki)

    return start


def call(change: Change, to: DimseAddress, recorder: Any) -> Taken:
    """Ask for an association as nobody should; how that was taken."""
    occasion = Occasion(
        address=to,
        calling_ae="OUR_SCU",
        sop_class=VERIFICATION,
        service=Service.C_ECHO,
        unknown="2.25.4711",
        owner=LinkOwner(actor="Modality", peer_actor="Order Filler"),  # type: ignore[arg-type]
        recorder=recorder,
        patience=5.0,
    )
    with misused(change, occasion):
        pass
    (event,) = recorder.events(EventKind.MISUSED)
    assert event.facts["misuse"] == change.value
    return Taken(event.facts["outcome"])


@pytest.mark.parametrize("change", BAD)
def test_a_careful_acceptor_refuses_a_bad_caller(
    change: Change, secured: Secured, recorder: Any, associate: Any
) -> None:
    to = secured()
    assert call(change, to, recorder) is Taken.REFUSED
    with associate(to, VERIFICATION) as association:
        assert association.c_echo().status == 0


@pytest.mark.parametrize("change", BAD)
def test_a_careless_acceptor_lets_it_in(change: Change, secured: Secured, recorder: Any) -> None:
    assert call(change, secured(CARELESS[change]), recorder) is Taken.LET_IN


def test_a_certificate_of_another_host_is_taken(secured: Secured, recorder: Any) -> None:
    assert call(Change.OTHER_HOST, secured(), recorder) is Taken.LET_IN


def test_who_rejects_the_association_has_not_refused_us(secured: Secured, recorder: Any) -> None:
    to = replace(secured(Laxity.EXPIRED), ae_title="NOBODY")
    assert call(Change.EXPIRED_CERTIFICATE, to, recorder) is Taken.TURNED_AWAY


def test_nobody_there_has_not_refused_us(secured: Secured, recorder: Any) -> None:
    assert call(Change.EXPIRED_CERTIFICATE, replace(secured(), port=1), recorder) is Taken.UNREACHABLE


@pytest.mark.parametrize("change", BAD_OF_LISTENERS)
def test_a_careful_requestor_asks_nothing_of_a_bad_listener(
    change: Change, secured: Secured, recorder: Any, associate: Any
) -> None:
    with pytest.raises(TlsFailed), associate(secured(shown=change), VERIFICATION):
        pass
    recorder.wait_event(EventKind.MISUSED)
    (event,) = recorder.events(EventKind.MISUSED)
    assert (event.facts["misuse"], event.facts["outcome"]) == (change.value, Taken.REFUSED.value)
    assert recorder.links == []


@pytest.mark.parametrize("change", BAD_OF_LISTENERS)
def test_a_careless_requestor_asks_all_the_same(
    change: Change, secured: Secured, recorder: Any, associate: Any
) -> None:
    lax = frozenset({CARELESS[change]})
    with associate(secured(shown=change), VERIFICATION, lax=lax) as association:
        assert association.c_echo().status == 0
    recorder.wait_event(EventKind.MISUSED)
    assert recorder.events(EventKind.MISUSED)[0].facts["outcome"] == Taken.AGREED.value
    assert {link.facts.get("misuse") for link in recorder.links if not link.ours} == {change.value}
