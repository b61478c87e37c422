"""Presentation contexts: what we propose, what we support, and what came of it (PS3.8 9.3.2, PS3.7 D.3.3.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydicom.uid import AllTransferSyntaxes
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext, build_context, build_role

from harness.dicom.uids import keyword_of, uid_of, uids_of
from harness.transports.dimse.primitives import NATIVE_TRANSFER_SYNTAXES, SupportedClass

MOST_CONTEXTS = 128
"""Presentation contexts of one association (PS3.8 9.3.2.2: odd numbers from 1 to 255)."""

_REASONS = {
    1: "user rejection",
    2: "no reason",
    3: "abstract syntax not supported",
    4: "transfer syntaxes not supported",
}


@dataclass(frozen=True)
class Proposed:
    """One presentation context to propose: SOP class and transfer syntaxes as UIDs."""

    sop_class: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True)
class Accepted:
    """One accepted presentation context. `as_scu`, `as_scp` say which roles we have in it."""

    context_id: int
    sop_class: str
    transfer_syntax: str
    as_scu: bool
    as_scp: bool


def propose(sop_classes: Iterable[str], transfer_syntaxes: Iterable[str]) -> tuple[Proposed, ...]:
    """One context for each class with the native transfer syntaxes, or one for each class and given syntax."""
    syntaxes = tuple(uid_of(name) for name in transfer_syntaxes)
    proposed: list[Proposed] = []
    for name in sop_classes:
        for sop_class in uids_of(name):
            if syntaxes:
                proposed += [Proposed(sop_class, (syntax,)) for syntax in syntaxes]
            else:
                proposed.append(Proposed(sop_class, NATIVE_TRANSFER_SYNTAXES))
    return tuple(dict.fromkeys(proposed))


def requested(proposed: Sequence[Proposed]) -> list[PresentationContext]:
    """The library's contexts for a request; ValueError for none, or more than an association can have."""
    if not 0 < len(proposed) <= MOST_CONTEXTS:
        raise ValueError(f"an association proposes 1 to {MOST_CONTEXTS} contexts, not {len(proposed)}")
    return [build_context(one.sop_class, list(one.transfer_syntaxes)) for one in proposed]


def roles(as_scu: Iterable[str], as_scp: Iterable[str]) -> list[SCP_SCU_RoleSelectionNegotiation]:
    """Role selection items for classes that are proposed with the SCP role (PS3.7 D.3.3.4.1)."""
    also_scu = {uid for name in as_scu for uid in uids_of(name)}
    wanted = dict.fromkeys(uid for name in as_scp for uid in uids_of(name))
    return [build_role(uid, scu_role=uid in also_scu, scp_role=True) for uid in wanted]


def supported(classes: Sequence[SupportedClass]) -> Mapping[str, PresentationContext]:
    """The library's contexts of an acceptor by SOP class UID; the same class named twice is merged."""
    found: dict[str, PresentationContext] = {}
    for entry in classes:
        syntaxes = [uid_of(name) for name in entry.transfer_syntaxes]
        for uid in uids_of(entry.sop_class):
            context = found.setdefault(uid, build_context(uid, syntaxes))
            for syntax in syntaxes:
                context.add_transfer_syntax(syntax)
            if entry.requestor_is_scp:
                context.scu_role = context.scp_role = True
    return found


def accepted_of(contexts: Iterable[Any]) -> tuple[Accepted, ...]:
    """The accepted contexts of an association, in the order of their numbers."""
    return tuple(
        Accepted(
            context_id=context.context_id,
            sop_class=str(context.abstract_syntax),
            transfer_syntax=str(context.transfer_syntax[0]),
            as_scu=bool(context.as_scu),
            as_scp=bool(context.as_scp),
        )
        for context in contexts
    )


def refusal(result: int) -> str:
    """What the result of a presentation context that was not accepted means (PS3.8 9.3.3.2)."""
    return _REASONS.get(result, f"result {result}")


def refused_of(contexts: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    """(SOP class, reason) of the refused contexts."""
    return tuple((str(context.abstract_syntax), refusal(context.result)) for context in contexts)


def describe(accepted: Iterable[Accepted]) -> str:
    """`CTImageStorage=ExplicitVRLittleEndian; ...` for the record of a link."""
    return "; ".join(f"{keyword_of(one.sop_class)}={keyword_of(one.transfer_syntax)}" for one in accepted)


def is_native(transfer_syntax: str) -> bool:
    """Whether data sets may be re-encoded from and to the transfer syntax without touching pixel data."""
    return any(transfer_syntax == one and not one.is_encapsulated for one in AllTransferSyntaxes)
