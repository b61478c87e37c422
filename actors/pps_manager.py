"""The Performed Procedure Step Manager: keeps MPPS and relays them unchanged (RAD TF-1: 3.1; RAD TF-2: 4.6, 4.7)."""

from __future__ import annotations

import copy

from pydicom.dataset import Dataset

from actors.objects.performed_steps import PerformedSteps
from actors.peers import EVIDENCE_CREATOR, IMAGE_MANAGER, ORDER_FILLER, PPS_MANAGER
from harness.actor import Actor, World, register
from harness.dicom.statuses import is_success
from harness.model.names import ActorName, TransactionId
from harness.model.profile import Service
from harness.transports.dimse import DimseRequest, DimseResponse, SupportedClass

MPPS = "ModalityPerformedProcedureStep"
RECEIVERS = (ORDER_FILLER, IMAGE_MANAGER)


@register
class PpsManager(Actor):
    """Performed Procedure Step Manager."""

    name = PPS_MANAGER
    supports = (SupportedClass(MPPS),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._steps = PerformedSteps(world)

    def n_create(self, request: DimseRequest) -> DimseResponse:
        """RAD-6, or RAD-20 from an Evidence Creator: keep the step and relay it."""
        response = self._steps.create(request)
        if is_success(response.status):
            self._relay(request, response.fields["AffectedSOPInstanceUID"])
        return response

    def n_set(self, request: DimseRequest) -> DimseResponse:
        """RAD-7, or RAD-21 from an Evidence Creator: update the step and relay the change."""
        response = self._steps.set(request)
        if is_success(response.status):
            self._relay(request, request.sop_instance)
        return response

    def _relay(self, request: DimseRequest, uid: str) -> None:
        """One reaction for each receiver, so that one that is down does not keep the message from the other."""
        transaction = self._transaction(request)
        dataset = copy.deepcopy(request.dataset)
        for receiver in RECEIVERS:
            if self.world.knows(receiver):
                self._react(transaction, receiver, request.service, uid, dataset)

    def _react(
        self, transaction: TransactionId, receiver: ActorName, service: Service, uid: str, dataset: Dataset
    ) -> None:
        def relay() -> None:
            with self.world.associate(transaction, receiver, (MPPS,)) as association:
                if service is Service.N_CREATE:
                    association.n_create(MPPS, uid, dataset)
                else:
                    association.n_set(MPPS, uid, dataset)

        self.world.react(relay)

    def _transaction(self, request: DimseRequest) -> TransactionId:
        caller = self.world.by_ae_title(request.calling_ae)
        creator = caller is not None and caller.actor == EVIDENCE_CREATOR
        if request.service is Service.N_CREATE:
            return TransactionId("RAD-20" if creator else "RAD-6")
        return TransactionId("RAD-21" if creator else "RAD-7")
