"""Associate, N-CREATE, N-SET, release on loopback: the hardened transport, and pynetdicom as it comes."""

from __future__ import annotations

from measuring import report, side_by_side
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid
from pynetdicom import AE, evt
from pynetdicom.sop_class import ModalityPerformedProcedureStep  # type: ignore[attr-defined]

from harness.engine.unrecorded import Unrecorded
from harness.model.names import ActorName
from harness.model.system import DimseAddress
from harness.transports.dimse import (
    DimseEndpoint,
    DimseHandler,
    DimseRequest,
    DimseResponse,
    SupportedClass,
    associate,
)
from harness.transports.recorder import LinkOwner

MPPS = "ModalityPerformedProcedureStep"
CYCLES = 10


class Accepting(DimseHandler):
    """Takes every MPPS."""

    def n_create(self, request: DimseRequest) -> DimseResponse:
        """Success."""
        return DimseResponse(0)

    def n_set(self, request: DimseRequest) -> DimseResponse:
        """Success."""
        return DimseResponse(0)


def step(status: str) -> Dataset:
    """A data set as small as it can be."""
    dataset = Dataset()
    dataset.PerformedProcedureStepStatus = status
    return dataset


def hardened(port: int) -> int:
    """Our transport at both ends."""
    for _ in range(CYCLES):
        with associate(
            DimseAddress(ae_title="SCP", port=port),
            calling_ae="SCU",
            sop_classes=[MPPS],
            owner=LinkOwner(actor=ActorName("Modality")),
            recorder=Unrecorded(),
            timeout=10,
        ) as association:
            uid = generate_uid()
            association.n_create(MPPS, uid, step("IN PROGRESS"))
            association.n_set(MPPS, uid, step("COMPLETED"))
    return CYCLES


def stock(port: int) -> int:
    """pynetdicom at both ends."""
    ae = AE("SCU")
    ae.add_requested_context(ModalityPerformedProcedureStep)
    for _ in range(CYCLES):
        association = ae.associate("127.0.0.1", port, ae_title="SCP")
        uid = generate_uid()
        association.send_n_create(step("IN PROGRESS"), ModalityPerformedProcedureStep, uid)
        association.send_n_set(step("COMPLETED"), ModalityPerformedProcedureStep, uid)
        association.release()
    return CYCLES


def main() -> None:
    """Measure both."""
    endpoint = DimseEndpoint(
        LinkOwner(actor=ActorName("PPS Manager")),
        ae_title="SCP",
        bind="127.0.0.1",
        port=0,
        supported=[SupportedClass(MPPS)],
        handler=Accepting(),
        recorder=Unrecorded(),
        peer_of=lambda title: None,
    )
    ours = endpoint.start()
    ae = AE("SCP")
    ae.add_supported_context(ModalityPerformedProcedureStep)
    handlers = [(evt.EVT_N_CREATE, lambda event: (0, None)), (evt.EVT_N_SET, lambda event: (0, None))]
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    theirs = server.server_address[1]
    ways = {"hardened": lambda: hardened(ours), "pynetdicom as it comes": lambda: stock(theirs)}
    report("MPPS cycles", side_by_side(ways, rounds=5), "hardened")
    server.shutdown()
    endpoint.stop()


if __name__ == "__main__":
    main()
