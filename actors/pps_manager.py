"""The Performed Procedure Step Manager: keeps MPPS and relays them unchanged (RAD TF-1: 3.1; RAD TF-2: 4.6, 4.7)."""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from pydicom.dataset import Dataset

from actors.objects.performed_steps import PerformedSteps
from actors.peers import EVIDENCE_CREATOR, IMAGE_MANAGER, ORDER_FILLER, PPS_MANAGER
from harness.actor import Actor, World, register
from harness.dicom.statuses import is_success
from harness.errors import ContextRefused, NoResponse
from harness.model.names import ActorName, TransactionId
from harness.model.profile import Service
from harness.transports.dimse import DimseRequest, DimseResponse, SupportedClass

MPPS = "ModalityPerformedProcedureStep"
RECEIVERS = (ORDER_FILLER, IMAGE_MANAGER)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Relay:
    """One message that receivers are owed."""

    transaction: TransactionId
    service: Service
    uid: str
    dataset: Dataset


@register
class PpsManager(Actor):
    """Performed Procedure Step Manager. What could not reach a receiver is kept, and goes before what comes later."""

    name = PPS_MANAGER
    supports = (SupportedClass(MPPS),)

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._steps = PerformedSteps(world)
        self._lock = threading.Lock()
        self._owed: Mapping[ActorName, deque[_Relay]] = {receiver: deque() for receiver in RECEIVERS}

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
        relay = _Relay(
            transaction=self._transaction(request),
            service=request.service,
            uid=uid,
            dataset=copy.deepcopy(request.dataset),
        )
        for receiver in RECEIVERS:
            if self.world.knows(receiver):
                self.world.react(partial(self._deliver, receiver, relay))

    def _deliver(self, receiver: ActorName, relay: _Relay) -> None:
        """Send what the receiver is still owed, then the message; when it cannot be reached, all of it stays owed."""
        due = deque((*self._taken(receiver), relay))
        try:
            while due:
                try:
                    self._send(receiver, due[0])
                except (NoResponse, ContextRefused):
                    due.popleft()  # it has come, or never will
                    raise
                due.popleft()
        finally:
            with self._lock:
                self._owed[receiver].extendleft(reversed(due))

    def _taken(self, receiver: ActorName) -> tuple[_Relay, ...]:
        """What the receiver could not be given before; nobody else sends it meanwhile."""
        with self._lock:
            owed = tuple(self._owed[receiver])
            self._owed[receiver].clear()
        return owed

    def _send(self, receiver: ActorName, relay: _Relay) -> None:
        with self.world.associate(relay.transaction, receiver, (MPPS,)) as association:
            if relay.service is Service.N_CREATE:
                association.n_create(MPPS, relay.uid, relay.dataset)
            else:
                association.n_set(MPPS, relay.uid, relay.dataset)

    def _transaction(self, request: DimseRequest) -> TransactionId:
        caller = self.world.by_ae_title(request.calling_ae)
        creator = caller is not None and caller.actor == EVIDENCE_CREATOR
        if request.service is Service.N_CREATE:
            return TransactionId("RAD-20" if creator else "RAD-6")
        return TransactionId("RAD-21" if creator else "RAD-7")
