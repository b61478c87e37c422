"""What `swf check` found in files: the one read-only record that its output renders."""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.names import ActorName, LegId, TransactionId
from harness.model.override import OverrideUse
from harness.model.record import Record
from harness.model.run import JudgedFinding
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Verdict, worst

SCHEMA = "swf-check/1"


@dataclass(frozen=True, kw_only=True)
class Excerpt(Record):
    """The segment that a finding is about: its text, and where in it the value stands (characters, from 0)."""

    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, kw_only=True)
class CheckedFinding(Record):
    """A finding and its place in the file: the line of an HL7 segment, counted from 1; 0 where there is none.

    `together`: decided by holding this file against others of the same case.
    """

    judged: JudgedFinding
    line: int = 0
    excerpt: Excerpt | None = None
    together: bool = False


@dataclass(frozen=True, kw_only=True)
class Recognition(Record):
    """A transaction that a message looks like, and what speaks for it. `table` names the rules of its fields."""

    transaction: TransactionId
    leg: LegId
    title: str
    initiator: ActorName
    responder: ActorName
    half: Half = Half.REQUEST
    table: str = ""
    why: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`RAD-4/to-image-manager`, as `--as` takes it."""
        return f"{self.transaction}/{self.leg}"


@dataclass(frozen=True, kw_only=True)
class CheckedMessage(Record):
    """One message of a file. `what` describes it; `recognitions` are the transactions it may be, the first judged.

    `forced`: the user said which. `note` says what could not be judged, and why. `content` is the message, an object
    without its pixels: an HL7 message, or a Part 10 file (`dicom`).
    """

    what: str
    line: int = 0
    recognitions: tuple[Recognition, ...] = ()
    forced: bool = False
    findings: tuple[CheckedFinding, ...] = ()
    note: str = ""
    content: bytes = b""
    dicom: bool = False

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of its findings."""
        return worst(one.judged.verdict for one in self.findings)

    @property
    def checks(self) -> int:
        """How many facts were decided."""
        return sum(one.judged.finding.outcome in (Outcome.MET, Outcome.VIOLATED) for one in self.findings)


@dataclass(frozen=True, kw_only=True)
class Unread(Record):
    """Bytes of a file that could not be read: where they begin, and why."""

    offset: int
    why: str


@dataclass(frozen=True, kw_only=True)
class CheckedFile(Record):
    """One file. `named`: the user named it, not its folder; `notes` say how it was read."""

    name: str
    named: bool = True
    messages: tuple[CheckedMessage, ...] = ()
    notes: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of its messages."""
        return worst(message.verdict for message in self.messages)

    @property
    def checks(self) -> int:
        """How many facts were decided."""
        return sum(message.checks for message in self.messages)


@dataclass(frozen=True, kw_only=True)
class CheckedCase(Record):
    """Messages that belong together, by their identifiers, and were held against each other."""

    patient: str
    files: tuple[str, ...]
    checks: int


@dataclass(frozen=True, kw_only=True)
class CheckedFiles(Record):
    """Everything that one call of `swf check` found."""

    schema: str
    files: tuple[CheckedFile, ...]
    cases: tuple[CheckedCase, ...]
    exit_code: int
    rule_set: str
    overrides: tuple[OverrideUse, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of the files."""
        return worst(file.verdict for file in self.files)
