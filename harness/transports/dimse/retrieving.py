"""The sub-operations of C-MOVE and C-GET: store each instance, count, and say how it went (PS3.4 C.4.2, C.4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from harness.dicom import statuses
from harness.dicom.bulk import Bulk
from harness.dicom.encoding import LONGEST_META, FileMeta, read_file_meta
from harness.errors import LinkError, RecordingError
from harness.model.names import ActorName
from harness.transports.dimse.association import Association, associate_with
from harness.transports.dimse.contexts import Proposed, is_native
from harness.transports.dimse.conversation import AssociationOver, Conversation
from harness.transports.dimse.primitives import (
    NATIVE_TRANSFER_SYNTAXES,
    DimseRequest,
    DimseResponse,
    MovePlan,
)
from harness.transports.dimse.storing import Amend, Source, load, send_store
from harness.transports.recorder import LinkOwner, Recorder


@dataclass
class Progress:
    """The counters of a retrieval (PS3.7 9.1.4.1)."""

    remaining: int
    completed: int = 0
    failed: int = 0
    warning: int = 0
    failed_uids: list[str] = field(default_factory=list)

    def count(self, status: int | None, sop_instance: str) -> None:
        """One sub-operation ended with that status; None is one that could not be carried out."""
        self.remaining -= 1
        if status is not None and statuses.is_success(status):
            self.completed += 1
        elif status is not None and statuses.is_warning(status):
            self.warning += 1
        else:
            self.failed += 1
            if sop_instance:
                self.failed_uids.append(sop_instance)

    def pending(self) -> DimseResponse:
        """A pending response with all four counters."""
        return DimseResponse(0xFF00, None, self._fields(remaining=True))

    def cancelled(self) -> DimseResponse:
        """The response that ends a cancelled operation."""
        return DimseResponse(0xFE00, self._identifier(), self._fields(remaining=True))

    def final(self) -> DimseResponse:
        """The response that ends the operation; without the remaining counter (PS3.4 C.4.2.1.6)."""
        done = self.completed + self.warning
        status = 0x0000 if not self.failed and not self.warning else 0xB000 if done else 0xA702
        return DimseResponse(status, self._identifier(), self._fields(remaining=False))

    def _fields(self, remaining: bool) -> Mapping[str, str]:
        fields = {
            "NumberOfCompletedSuboperations": str(self.completed),
            "NumberOfFailedSuboperations": str(self.failed),
            "NumberOfWarningSuboperations": str(self.warning),
        }
        return {"NumberOfRemainingSuboperations": str(self.remaining), **fields} if remaining else fields

    def _identifier(self) -> Dataset | None:
        if not self.failed_uids:
            return None
        identifier = Dataset()
        identifier.FailedSOPInstanceUIDList = list(self.failed_uids)
        return identifier


@dataclass(frozen=True)
class Retriever:
    """Carries out retrieval plans for one of our actors."""

    owner: LinkOwner
    ae_title: str
    recorder: Recorder
    timeout: float
    peer_of: Callable[[str], ActorName | None]
    amend_requests: Callable[[], Amend | None] = lambda: None

    def __call__(self, conversation: Conversation, request: DimseRequest, plan: MovePlan) -> Iterator[DimseResponse]:
        """The responses to a C-MOVE (`plan` has a destination) or C-GET request, the last one final."""
        if plan.destination is None or not plan.instances:
            return self._get(conversation, request, plan)
        return self._move(request, plan)

    def _get(self, conversation: Conversation, request: DimseRequest, plan: MovePlan) -> Iterator[DimseResponse]:
        def store(source: Source) -> int:
            return send_store(conversation, load(source), timeout=self.timeout, amend=self.amend_requests())[0]

        return _store_each(plan.instances, Progress(len(plan.instances)), store, request.cancelled)

    def _move(self, request: DimseRequest, plan: MovePlan) -> Iterator[DimseResponse]:
        if plan.destination is None:
            raise ValueError("a C-MOVE needs a destination")
        progress = Progress(len(plan.instances))
        originator = {
            "MoveOriginatorApplicationEntityTitle": request.calling_ae,
            "MoveOriginatorMessageID": str(request.message_id),
        }
        try:
            with associate_with(
                plan.destination,
                propose_for(plan.instances),
                calling_ae=plan.calling_ae or self.ae_title,
                owner=LinkOwner(actor=self.owner.actor, peer_actor=self.peer_of(plan.destination.ae_title)),
                recorder=self.recorder,
                timeout=self.timeout,
                amend=self.amend_requests(),
            ) as association:
                yield from _store_each(plan.instances, progress, _storer(association, originator), request.cancelled)
        except (LinkError, ValueError):
            for source in plan.instances[len(plan.instances) - progress.remaining :]:
                progress.count(None, _instance_of(source))
            yield progress.final()


def _storer(association: Association, originator: Mapping[str, str]) -> Callable[[Source], int]:
    return lambda source: association.store_for(source, originator).status


def _store_each(
    instances: Sequence[Source],
    progress: Progress,
    store: Callable[[Source], int],
    cancelled: Callable[[], bool],
) -> Iterator[DimseResponse]:
    for source in instances:
        if cancelled():
            yield progress.cancelled()
            return
        try:
            status: int | None = store(source)
        except (AssociationOver, LinkError, OSError, RecordingError):
            status = None
        progress.count(status, _instance_of(source))
        if progress.remaining:
            yield progress.pending()
    yield progress.final()


def propose_for(instances: Sequence[Source]) -> tuple[Proposed, ...]:
    """The presentation contexts that storing these instances needs: as they are, or natively re-encoded."""
    proposed: dict[Proposed, None] = {}
    for source in instances:
        meta = _meta_of(source)
        if meta is None:
            continue
        syntaxes: tuple[str, ...] = (meta.transfer_syntax,)
        if is_native(meta.transfer_syntax):
            syntaxes += tuple(one for one in NATIVE_TRANSFER_SYNTAXES if one not in syntaxes)
        proposed[Proposed(meta.sop_class, syntaxes)] = None
    return tuple(proposed)


def _meta_of(source: Source) -> FileMeta | None:
    try:
        if isinstance(source, bytes):
            return read_file_meta(source)
        if isinstance(source, Bulk):
            return read_file_meta(source.read(0, LONGEST_META))
        with source.open("rb") as file:
            return read_file_meta(file.read(LONGEST_META))
    except (OSError, RecordingError):
        return None


def _instance_of(source: Source) -> str:
    meta = _meta_of(source)
    return meta.sop_instance if meta else ""
