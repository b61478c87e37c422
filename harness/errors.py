"""Every exception of the harness, one tree.

HarnessError                 a person reads str(error): what is wrong, where, what to do
├── InputError               a file, an argument or a name that cannot be used (exit code 3)
│   ├── SourceError          the same, at file:line:column
│   └── NotApplicable        what is asked for says nothing about the systems under test
├── RecordingError           a stored run that cannot be read
├── CannotRebuild            what our actors knew cannot be rebuilt from the record of a run
├── CannotAct                an actor lacks what it needs for an action; the step is not judged as done
└── LinkError                a link to a peer did not work
    ├── Unreachable          nothing listens at the address, or the connection was refused
    ├── TlsFailed            the connection was made, and no TLS could be agreed on it
    ├── PortInUse            our own listener cannot be opened
    ├── Rejected             the peer rejected the association
    ├── ContextRefused       the peer accepted the association but not the abstract syntax
    ├── NoResponse           the peer accepted the message and did not answer in time
    └── LinkLost             the peer closed, reset or aborted the link
"""

from __future__ import annotations

from dataclasses import dataclass


class HarnessError(Exception):
    """Base of everything the harness raises on purpose."""


class InputError(HarnessError):
    """Unusable argument, name or file: the user can mend it."""


@dataclass(frozen=True)
class Place:
    """A place in a text file; lines and columns count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class SourceError(InputError):
    """One or more faults in a data file, each with its place."""

    def __init__(self, faults: list[tuple[Place, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{place}: {text}" for place, text in faults))


class NotApplicable(InputError):
    """No scenario that was asked for applies to what the systems claim; the text says why."""


class RecordingError(HarnessError):
    """A stored run is incomplete, altered or of an unknown format."""


class CannotAct(HarnessError):
    """An actor was asked to act and lacks something it should have learnt from the wire.

    `shown_by` is the actor that showed nothing of it, where it is known.
    """

    def __init__(self, text: str, *, shown_by: str = "") -> None:
        super().__init__(text)
        self.shown_by = shown_by


class CannotRebuild(HarnessError):
    """What our actors knew when a run was ended cannot be rebuilt from its record; the text says why."""


class LinkError(HarnessError):
    """A link to a peer did not work; the recorder holds the details."""


class Unreachable(LinkError):
    """Connection refused, or no route."""


class TlsFailed(LinkError):
    """A connection that is to be secured could not be; the text says what is wrong, in plain words."""


class PortInUse(LinkError):
    """Our listener could not be opened on the wanted port."""


class Rejected(LinkError):
    """The peer rejected the association; the text names result, source and reason (PS3.8 9.3.4)."""


class ContextRefused(LinkError):
    """No presentation context was accepted for the abstract syntax."""


class NoResponse(LinkError):
    """The deadline passed without an answer."""


class LinkLost(LinkError):
    """The peer closed, reset or aborted the link."""
