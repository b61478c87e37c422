"""The tap of a DICOM hop: records associations, messages, releases, aborts and rejections of what a relay passes.

It reads copies of the bytes of both directions and sends nothing, so that nothing is negotiated anew. What cannot be
read is told and left out, and what cannot be followed any further is read no more; either has passed all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from harness.dicom.encoding import payload_head
from harness.model.hop import ALL_THAT_FOLLOWS, THIS_ALONE, UNREAD
from harness.model.names import ExchangeId, PlayerName
from harness.model.profile import Service
from harness.model.transcript import DimseCommand, Direction, EventKind
from harness.transports.dimse.assembly import Message, OpenSpool
from harness.transports.dimse.commands import Command
from harness.transports.dimse.contexts import Accepted
from harness.transports.dimse.recording import instance_of, passage_of, record_refusals, recorded_command
from harness.transports.dimse.spooling import Spool
from harness.transports.relay.held import HELD_LIMIT, Held
from harness.transports.relay.messages import Fault, MessageReader, kind_of
from harness.transports.relay.negotiation import (
    Agreement,
    Answer,
    NegotiationError,
    Rejection,
    read_abort,
    read_answer,
    read_rejection,
    read_request,
)
from harness.transports.relay.pairing import Pairing
from harness.transports.relay.pdus import Control, Fragment, PduError, PduReader, PduType, TlsHeard
from harness.transports.relay.phases import Phase, after
from harness.transports.relay.tap import NO_FACTS, OWNER, Crossing, Ending, How, Links, Side

MOST_FAULTS = 16
"""Different things that cannot be read; after so many a crossing is read no more."""

IN_MEMORY = 1 << 20
"""Bytes of a data set that are kept in memory while it comes: many associations may be under way at a time."""


@dataclass(frozen=True)
class _When:
    """When what is read now came, and when it was sent on; None: it was not."""

    received_at: float
    sent_at: float | None


@dataclass(frozen=True)
class _End:
    """How an association ended and by whom, in words that name that system."""

    how: How
    by: Side
    text: str

    def ending(self, side: Side, at: float) -> Ending:
        """What that is for one of the two links: the relay passed it on to the other one."""
        return Ending(self.how if side is self.by else How.CUT, self.text, at)


class DimseTap:
    """Implements `Tap` for one crossing, which is one association, or an attempt at one.

    `held` counts what all taps of a relay keep: when that is much, data sets go to disk sooner.
    """

    def __init__(self, crossing: Crossing, held: Held | None = None) -> None:
        self._crossing = crossing
        self._recorder = crossing.recorder
        self._readers = {side: PduReader() for side in Side}
        self._messages = {side: MessageReader(self._spools(side)) for side in Side}
        self._held = held or Held()
        self._own = dict.fromkeys(Side, 0)
        self._unread: set[Side] = set()
        self._faults: set[tuple[Side, str]] = set()
        self._phase = Phase.IDLE
        self._agreement: Agreement | None = None
        self._accepted: Mapping[int, Accepted] = {}
        self._pairing = Pairing()
        self._links: Links | None = None
        self._asking: Side | None = None
        self._end: _End | None = None
        self._endings: dict[Side, Ending] = {}

    def passed(self, side: Side, data: bytes, received_at: float, sent_at: float | None) -> None:
        """Read what the bytes complete, and record it."""
        if side in self._unread:
            return
        when = _When(received_at, sent_at)
        try:
            for unit in self._readers[side].feed(data):
                if isinstance(unit, Control):
                    self._take_control(side, unit, when)
                else:
                    self._take_fragment(side, unit, when)
                if side in self._unread:
                    break
        except PduError as fault:
            self._break_off(fault, side, received_at)
        self._count(side, received_at)

    def ended(self, side: Side, ending: Ending) -> None:
        """Note how the stream ended; with the second one, record the end of both links."""
        if side not in self._unread:
            try:
                self._readers[side].close()
            except PduError as fault:
                self._break_off(fault, side, ending.at)
        self._endings[side] = ending
        self._weigh(side, 0)
        if len(self._endings) == len(Side):
            self._finish()

    def _count(self, side: Side, at: float) -> None:
        """Bound what is kept of what is unfinished: this, or what all taps keep, may have become too much."""
        messages = self._messages[side]
        if self._held.size + messages.held > HELD_LIMIT // 2 and (fault := messages.spill()) is not None:
            self._fault(fault.text, side, at)
        self._weigh(side, 0 if side in self._unread else messages.held + self._readers[side].held)
        if self._held.size > HELD_LIMIT and self._own[side]:
            self._give_up(f"more than {HELD_LIMIT >> 20} MB of unfinished messages are held", side, at, {side})
            self._weigh(side, 0)

    def _weigh(self, side: Side, held: int) -> None:
        """Count what is kept of a side anew."""
        self._held.size += held - self._own[side]
        self._own[side] = held

    # the association

    def _take_control(self, side: Side, control: Control, when: _When) -> None:
        phase = after(self._phase, side, control.type)
        name = f"an {control.type.words}"
        if phase is None:
            self._fault(f"{name} {self._phase.value}", side, when.received_at)
            return
        self._phase = phase
        try:
            self._follow(side, control, when.received_at)
        except NegotiationError as fault:
            self._give_up(f"{name} that cannot be read: {fault}", side, when.received_at, set(Side))

    def _follow(self, side: Side, control: Control, at: float) -> None:
        match control.type:
            case PduType.A_ASSOCIATE_RQ:
                self._agreement = Agreement(request=read_request(control.body))
            case PduType.A_ASSOCIATE_AC:
                self._agreed(read_answer(control.body), at)
            case PduType.A_ASSOCIATE_RJ:
                self._rejected(read_rejection(control.body), at)
            case PduType.A_RELEASE_RQ:
                self._asking = self._asking or side
            case PduType.A_RELEASE_RP:
                by = self._asking or side.other
                self._ends(_End(How.CLOSED, by, f"released by {self._player(by)}"))
            case PduType.A_ABORT:
                text = f"aborted by {self._player(side)} ({read_abort(control.body)})"
                self._ends(_End(How.LOST, side, text))

    def _agreed(self, answer: Answer, at: float) -> None:
        if self._agreement is None:
            return
        self._agreement = agreement = replace(self._agreement, answer=answer)
        self._accepted = {one.context_id: one for one in agreement.accepted}
        link = self._recorded_links().opened
        facts = {"hop": self._crossing.hop.name}
        record_refusals(self._recorder, link, OWNER, agreement.accepted, agreement.refused, at, facts)

    def _rejected(self, rejection: Rejection, at: float) -> None:
        facts, text = self._facts(Side.OPENED), str(rejection)
        if self._agreement is not None:
            asked = self._agreement.request
            facts |= {"calling_ae": asked.calling_ae, "called_ae": asked.called_ae}
            text += f" ({asked.calling_ae} called {asked.called_ae})"
        link = self._recorded_links().opened
        self._recorder.happened(EventKind.REJECTED, text, link=link, owner=OWNER, facts=facts, at=at)
        self._ends(_End(How.CLOSED, Side.OPENED, f"rejected by {self._player(Side.OPENED)}"))

    def _ends(self, end: _End) -> None:
        """What ends an association first holds."""
        self._end = self._end or end

    def _recorded_links(self) -> Links:
        """Both links, recorded as soon as something is known that belongs to them."""
        if self._links is None:
            facts = (NO_FACTS, NO_FACTS)
            if self._agreement is not None:
                facts = self._agreement.facts(of_requestor=True), self._agreement.facts(of_requestor=False)
            self._links = self._crossing.record_links(*facts)
        return self._links

    # messages

    def _spools(self, side: Side) -> OpenSpool:
        """How a data set of a side is kept while it comes, with the head that its file gets."""

        def opened(context_id: int, command: Command) -> Spool:
            context = self._accepted.get(context_id)
            asked = None if command.status is None else self._pairing.find(side, command)
            named = instance_of(command, None if asked is None else asked.command)
            head = payload_head("" if context is None else context.transfer_syntax, *named)
            return Spool(self._recorder.spool, head, in_memory=IN_MEMORY)

        return opened

    def _take_fragment(self, side: Side, fragment: Fragment, when: _When) -> None:
        if after(self._phase, side, PduType.P_DATA_TF) is None:
            self._fault(f"a {PduType.P_DATA_TF.words} {self._phase.value}", side, when.received_at)
            return
        found = self._messages[side].feed(fragment)
        if isinstance(found, Fault):
            self._fault(found.text, side, when.received_at)
        elif found is not None:
            try:
                self._take(side, found, when)
            finally:
                if found.file is not None:
                    found.file.path.unlink(missing_ok=True)

    def _take(self, side: Side, message: Message, when: _When) -> None:
        command = message.command
        context = self._accepted.get(message.context_id)
        if context is None:
            text = f"a {kind_of(command)} on context {message.context_id}, which was not accepted"
            self._fault(text, side, when.received_at)
        elif command.service is None:
            named = replace(message, command=replace(command, sop_class=context.sop_class))
            self._take_request(side, named, context, Service.C_CANCEL, when)
        elif command.status is None:
            self._take_request(side, message, context, command.service, when)
        else:
            self._take_response(side, message, context, command.service, when)

    def _take_request(self, side: Side, message: Message, context: Accepted, service: Service, when: _When) -> None:
        exchange = self._recorder.exchange_opened()
        command = recorded_command(message.command, context.transfer_syntax, service)
        self._record(side, exchange, message, command, None, when)
        awaits = service is not Service.C_CANCEL  # it has no response of its own (PS3.7 9.3.2.3)
        if awaits and when.sent_at is not None and self._end is None:
            self._pairing.asked(side, exchange, command)

    def _take_response(self, side: Side, message: Message, context: Accepted, service: Service, when: _When) -> None:
        asked = self._pairing.find(side, message.command)
        if asked is None:
            text = f"a {kind_of(message.command)} to message {message.command.message_id}, which awaits none"
            self._fault(text, side, when.received_at)
            return
        command = recorded_command(message.command, context.transfer_syntax, service)
        self._record(side, asked.exchange, message, command, asked.command, when)
        self._pairing.answered(side, message.command)

    def _record(
        self,
        side: Side,
        exchange: ExchangeId,
        message: Message,
        command: DimseCommand,
        request: DimseCommand | None,
        when: _When,
    ) -> None:
        """Record a message as it came and as it was sent on, if it was."""
        links = self._recorded_links()
        passage = passage_of(links.of(side), exchange, Direction.RECEIVED, message, command, request)
        if isinstance(passage.content, bytes):  # hashed once for both records
            passage = replace(passage, sha256=hashlib.sha256(passage.content).hexdigest())
        self._recorder.passed(replace(passage, at=when.received_at))
        if when.sent_at is not None:
            sent = replace(passage, link=links.of(side.other), direction=Direction.SENT, at=when.sent_at)
            self._recorder.passed(sent)

    # what cannot be read

    def _fault(self, text: str, side: Side, at: float) -> None:
        """Tell, once, of something that is left out; too many of these are the end of reading."""
        if (side, text) in self._faults:
            return
        self._faults.add((side, text))
        if len(self._faults) < MOST_FAULTS:
            self._noise(text, side, at, THIS_ALONE)
        else:
            self._give_up(text, side, at, set(Side))

    def _break_off(self, fault: PduError, side: Side, at: float) -> None:
        """Read no more of what a side sends; where no association was begun there was nothing to be read."""
        if self._phase is Phase.IDLE and not isinstance(fault, TlsHeard):
            self._let_pass({side})
            self._noise(f"{fault}; this is no DICOM", side, at, THIS_ALONE)
        else:
            self._give_up(str(fault), side, at, {side})

    def _give_up(self, text: str, side: Side, at: float, sides: set[Side]) -> None:
        """Read no more of what these sides send; `side` sent what cannot be read."""
        self._let_pass(sides)
        self._noise(f"{text}; all that follows passes unread", side, at, ALL_THAT_FOLLOWS)

    def _let_pass(self, sides: set[Side]) -> None:
        for one in sides:
            self._messages[one].discard()
            self._readers[one] = PduReader()
        self._unread |= sides

    def _noise(self, text: str, side: Side, at: float, unread: str) -> None:
        facts = {**self._facts(side), UNREAD: unread}
        link = self._recorded_links().of(side)
        self._recorder.happened(EventKind.NOISE, text, link=link, owner=OWNER, facts=facts, at=at)

    def _facts(self, side: Side) -> dict[str, str]:
        """Where an event belongs, and to whom."""
        peer = self._crossing.wire(side).peer
        return {"hop": self._crossing.hop.name, "peer": f"{peer.host}:{peer.port}"}

    def _player(self, side: Side) -> PlayerName:
        return self._crossing.end(side).player

    # the end

    def _finish(self) -> None:
        links = self._recorded_links()
        end = self._end or self._untimely_end()
        if end is not None and not self._unread:
            for asked in self._pairing.open(end.by.other):
                text = f"no {asked.command.service.value} response: {end.text}"
                self._crossing.record_silence(links.of(end.by.other), text, self._endings[end.by].at)
        told = {}
        for side, ending in self._endings.items():
            told[side] = self._told(side, ending if end is None else end.ending(side, ending.at))
            self._messages[side].discard()
        self._crossing.record_endings(links, told)

    def _untimely_end(self) -> _End | None:
        """Of an association that nobody released or aborted: who closed its connection or was lost first.

        None where the relay stopped, there was none, or not everything was read.
        """
        by = next((side for side, ending in self._endings.items() if ending.how is not How.CUT), None)
        if by is None or self._phase is Phase.IDLE or self._unread:
            return None
        return _End(How.LOST, by, f"{self._player(by)} {self._phase.value}: {self._endings[by].text}")

    def _told(self, side: Side, ending: Ending) -> Ending:
        """The ending with what else is to be said of it."""
        unfinished = self._messages[side].unfinished
        text = ending.text if self._end or ending.how is How.CUT else f"{self._player(side)}: {ending.text}"
        if self._unread:
            return replace(ending, text=f"{text}, after bytes that passed unread")
        if unfinished:
            return replace(ending, text=f"{ending.text}; {self._player(side)} had not finished {unfinished}")
        if self._phase is Phase.IDLE:
            return replace(ending, text=f"{text} {self._phase.value}")
        return ending
