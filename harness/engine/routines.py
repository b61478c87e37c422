"""What our actors are told to do in one word when no scenario drives them, and what follows in them by itself.

The daily routine of a department as data. Who carries it out is `simulation`; how a command line is read, `commands`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from harness.model.names import ActorName, TransactionId


@dataclass(frozen=True, kw_only=True)
class Act:
    """One transaction that one of our actors begins.

    `needed`: without it there is no point in the rest. `trigger` is an HL7 event, `control` an order control code,
    `patient` the identity of the case that is meant.
    """

    actor: ActorName
    transaction: TransactionId
    trigger: str = ""
    control: str = ""
    patient: str = "main"
    needed: bool = True


class Whose(Enum):
    """For which patient something is done."""

    NEW = "new"
    """One of the shipped cases, with identifiers of its own."""
    KNOWN = "known"
    """The one that is named, else the latest."""


@dataclass(frozen=True, kw_only=True)
class Routine:
    """A word with what is done when it is said; `usage` are its arguments."""

    word: str
    usage: str
    meaning: str
    whose: Whose
    acts: tuple[Act, ...]


ADT = ActorName("ADT")
ORDER_PLACER = ActorName("Order Placer")
ORDER_FILLER = ActorName("Order Filler")
MODALITY = ActorName("Modality")
PPS_MANAGER = ActorName("PPS Manager")
IMAGE_MANAGER = ActorName("Image Manager")
IMAGE_DISPLAY = ActorName("Image Display")
EVIDENCE_CREATOR = ActorName("Evidence Creator")
REPORT_CREATOR = ActorName("Report Creator")

ORIGINATORS = (ADT, ORDER_PLACER)
"""Who fills the worklist of an Order Filler that nobody else sends orders to."""


def _act(actor: ActorName, transaction: str, *, trigger: str = "", control: str = "", patient: str = "main") -> Act:
    return Act(actor=actor, transaction=TransactionId(transaction), trigger=trigger, control=control, patient=patient)


REGISTER = _act(ADT, "RAD-1", trigger="A04")
ORDER = _act(ORDER_PLACER, "RAD-2", control="NW")

ROUTINES = (
    Routine(
        word="order",
        usage="[CASE]",
        meaning="registers a new patient and orders an examination",
        whose=Whose.NEW,
        acts=(REGISTER, ORDER),
    ),
    Routine(
        word="cancel",
        usage="[PATIENT]",
        meaning="cancels the patient's latest order",
        whose=Whose.KNOWN,
        acts=(_act(ORDER_PLACER, "RAD-2", control="CA"),),
    ),
    Routine(
        word="update",
        usage="[PATIENT]",
        meaning="announces other data of a patient (married, identified, corrected)",
        whose=Whose.KNOWN,
        acts=(_act(ADT, "RAD-12", trigger="A08", patient="identified"),),
    ),
    Routine(
        word="show",
        usage="[PATIENT]",
        meaning="queries the archive for a patient's images, and retrieves them",
        whose=Whose.KNOWN,
        acts=(_act(IMAGE_DISPLAY, "RAD-14"), _act(IMAGE_DISPLAY, "RAD-16")),
    ),
    Routine(
        word="derive",
        usage="[PATIENT]",
        meaning="makes new images of those in the archive, and stores them",
        whose=Whose.KNOWN,
        acts=(
            _act(EVIDENCE_CREATOR, "RAD-14"),
            _act(EVIDENCE_CREATOR, "RAD-16"),
            _act(EVIDENCE_CREATOR, "RAD-20"),
            _act(EVIDENCE_CREATOR, "RAD-18"),
            _act(EVIDENCE_CREATOR, "RAD-21"),
            _act(EVIDENCE_CREATOR, "RAD-10"),
        ),
    ),
    Routine(
        word="report",
        usage="[PATIENT]",
        meaning="writes a report and submits it",
        whose=Whose.KNOWN,
        acts=(_act(REPORT_CREATOR, "RAD-24"),),
    ),
)
"""What can be said, beside what `commands` has for every simulation."""

QUERY = _act(MODALITY, "RAD-5")
START = _act(MODALITY, "RAD-6")
STORE = _act(MODALITY, "RAD-8")
END = _act(MODALITY, "RAD-7")
COMMIT = _act(MODALITY, "RAD-10")


@dataclass(frozen=True, kw_only=True)
class Consequence:
    """What one of our actors does by itself once it has accepted a message: `received` is its transaction, and
    `controls` the order control codes of those that count (none: every one)."""

    actor: ActorName
    received: TransactionId
    controls: tuple[str, ...]
    act: Act


CONSEQUENCES = (
    Consequence(
        actor=ORDER_FILLER,
        received=TransactionId("RAD-2"),
        controls=("NW",),
        act=_act(ORDER_FILLER, "RAD-4", control="NW"),
    ),
    Consequence(
        actor=ORDER_FILLER,
        received=TransactionId("RAD-2"),
        controls=("CA",),
        act=_act(ORDER_FILLER, "RAD-13", control="CA"),
    ),
)
"""A filler that has taken an order schedules and announces it, and takes back what is cancelled (RAD TF-1: 3.3)."""
