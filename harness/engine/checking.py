"""Judging files without a run: each message alone, its answer with it where that is among the files, and the messages
of one case against each other.

Owns the way from files to `CheckedFiles`; how files are found and read, how messages are recognised and which belong
together is in the modules beside it. Nothing here fails a message for what is merely not among the files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from harness.checks.registry import Scope, decides_in_part, scopes
from harness.dicom.paths import present
from harness.dicom.uids import keyword_of
from harness.engine.base_standard import Decided, dicom_findings, hl7_findings
from harness.engine.claims import EXIT_FAIL, EXIT_PASS, EXIT_UNDECIDED, EXIT_UNUSABLE
from harness.engine.excerpts import placed
from harness.engine.judging import Strictness, judge
from harness.engine.loose_files import NamedFile
from harness.engine.loose_reading import Found, read_contents
from harness.engine.overriding import overrides_used
from harness.engine.recognising import Loose, Reading, as_exchange, named_reading, readings
from harness.engine.together import QUERIES, Member, cases_of, unless_changed
from harness.engine.unscripted import PLAYER, UnscriptedExchange, unscripted_play
from harness.errors import InputError
from harness.model.checked import (
    SCHEMA,
    CheckedCase,
    CheckedFile,
    CheckedFiles,
    CheckedFinding,
    CheckedMessage,
    Recognition,
    Unread,
)
from harness.model.names import CheckName
from harness.model.override import Overrides
from harness.model.profile import Leg, Service, Transaction
from harness.model.run import JudgedFinding, Why
from harness.model.transcript import Half
from harness.model.verdict import Outcome, Owner, Verdict, verdict_of
from harness.profiles import Knowledge
from harness.yaml_source import nearest

_IN_CONTEXT = frozenset({"ack-accepted"})
"""Rules on an answer that rest on what the receiver knew, which a file does not show."""

_NO_KIND = "neither HL7 nor DICOM"


@dataclass
class _Item:
    """A message on its way through the judgement."""

    file: int
    found: Found
    readings: tuple[Reading, ...]
    forced: bool = False
    findings: list[CheckedFinding] = field(default_factory=list)
    note: str = ""
    paired: bool = False

    @property
    def loose(self) -> Loose:
        """The message."""
        return self.found.loose

    @property
    def is_answer(self) -> bool:
        """Whether it is an HL7 acknowledgement."""
        return not self.loose.dicom and self.loose.message.has("MSA-1")


@dataclass(frozen=True, kw_only=True)
class Checking:
    """How files are checked. `named` is the leg that the user says the messages are; `together`: cases are, too."""

    knowledge: Knowledge
    strictness: Strictness = field(default_factory=Strictness)
    named: tuple[Transaction, Leg | None] | None = None
    together: bool = True
    overrides: Overrides = field(default_factory=Overrides)

    def check(self, files: Iterable[NamedFile]) -> CheckedFiles:
        """Judge every message of the files."""
        shells: list[CheckedFile] = []
        items: list[_Item] = []
        for number, file in enumerate(files):
            shell, found = self._read(file)
            shells.append(shell)
            for one in found:
                item = self._item(number, one)
                items.append(item)
                if one.loose.dicom:
                    self._judge_alone(item)
                    item.found = _lightened(one)
        if self.named is not None and items and not any(item.forced or item.is_answer for item in items):
            how = "HL7" if items[0].loose.dicom else "DICOM"
            raise InputError(f"none of the messages can be {self.named[0].id}, which is carried by {how}")
        self._judge_hl7([item for item in items if not item.loose.dicom])
        for item in items:
            _mend_parts(item, items)
        cases = self._judge_together(items, shells) if self.together else ()
        messages: dict[int, list[CheckedMessage]] = defaultdict(list)
        for item in items:
            messages[item.file].append(_message(item))
        done = tuple(replace(shell, messages=tuple(messages[number])) for number, shell in enumerate(shells))
        findings = (one.judged for file in done for message in file.messages for one in message.findings)
        return CheckedFiles(
            schema=SCHEMA,
            files=done,
            cases=cases,
            exit_code=_exit_code(done),
            rule_set=self.knowledge.rule_set,
            overrides=overrides_used(self.overrides, findings),
        )

    # reading

    def _read(self, file: NamedFile) -> tuple[CheckedFile, tuple[Found, ...]]:
        shell = CheckedFile(name=file.name, named=file.named)
        if file.content is None:
            return replace(shell, unread=(Unread(offset=0, why=file.why),)), ()
        contents = read_contents(file.content, exact=_is_evidence(file.name))
        unread = tuple(Unread(offset=offset, why=why) for offset, why in contents.unread)
        return replace(shell, notes=contents.notes, unread=unread), contents.messages

    def _item(self, number: int, found: Found) -> _Item:
        item = _Item(number, found, ())
        if item.is_answer:
            return item
        named = self._named(found.loose)
        item.forced = named is not None
        item.readings = (named,) if named is not None else readings(found.loose, self.knowledge)
        return item

    def _named(self, message: Loose) -> Reading | None:
        """The message as what the user says it is, at the leg that has a form for it; None where nothing was said."""
        if self.named is None:
            return None
        transaction, leg = self.named
        legs = (leg,) if leg is not None else transaction.legs
        made = [named_reading(message, transaction, one, self.knowledge) for one in legs]
        fitting = [one for one in made if one is not None]
        return next((one for one in fitting if one.form is not None), next(iter(fitting), None))

    # each message alone

    def _judge_hl7(self, items: Sequence[_Item]) -> None:
        answers = [item for item in items if item.is_answer]
        requests = [item for item in items if not item.is_answer]
        for request in requests:
            own = [one for one in answers if not one.paired and _answers(one, request)]
            for answer in own[:1]:
                answer.paired = True
                answer.readings = tuple(replace(one, half=Half.RESPONSE) for one in request.readings)
                self._judge_alone(request, answer)
            if not own:
                self._judge_alone(request)
        for answer in answers:
            if not answer.paired:
                answer.note = "the message that it answers is not among the files"
                self._judge_base(answer)

    def _judge_alone(self, item: _Item, answer: _Item | None = None) -> None:
        if not item.readings:
            item.note = "not a message of a known transaction; judged by the base standard alone"
            self._judge_base(item)
            if answer is not None:
                self._judge_base(answer)
            return
        if item.found.faults:
            item.note = "judged no further, for it cannot be read to its end"
            self._judge_base(item)
            return
        for judged in self._as_it_fits(item, answer):
            at = judged.finding.evidence
            holder = answer if at is not None and at.half is Half.RESPONSE and not item.loose.dicom else item
            if holder is not None:
                holder.findings.append(placed(judged, holder.found))
        if answer is not None and not answer.findings:
            self._judge_base(answer)

    def _as_it_fits(self, item: _Item, answer: _Item | None) -> Sequence[JudgedFinding]:
        """The findings on a message as what it is read as; where one message may be of several transactions, as queries
        are, as the first of them in which nothing fails."""
        command = item.readings[0].command
        asks = command is not None and command.service in QUERIES and not item.forced
        fitting = item.readings if asks else item.readings[:1]
        decided: list[Sequence[JudgedFinding]] = []
        for place, reading in enumerate(fitting):
            exchange = as_exchange(item.loose, reading, answer=answer.loose.content if answer is not None else None)
            found = [
                judged
                for judged in self._judged([exchange], _decides_alone)
                if self._counts(judged, reading, answered=answer is not None)
            ]
            if not any(judged.verdict is Verdict.FAIL for judged in found):
                item.readings = (reading, *item.readings[:place], *item.readings[place + 1 :])
                return found
            decided.append(found)
        return decided[0]

    def _judged(
        self, exchanges: Sequence[UnscriptedExchange], wanted: Callable[[CheckName], bool]
    ) -> Iterator[JudgedFinding]:
        plan, transcript, read = unscripted_play(exchanges, self.knowledge)
        plan = replace(plan, overrides=self.overrides)
        run = judge(plan, transcript, read, self.knowledge, strictness=self.strictness, wanted=wanted)
        for play in run.plays:
            for step in play.steps:
                for leg in step.legs:
                    yield from leg.findings

    @staticmethod
    def _counts(judged: JudgedFinding, reading: Reading, *, answered: bool) -> bool:
        """Whether a finding was decided from what is there: one message, or a message and its answer."""
        finding = judged.finding
        scope = scopes().get(finding.check, Scope.PLAY)
        half = finding.evidence.half if finding.evidence is not None else Half.REQUEST
        if reading.command is not None and half is not reading.half:
            return False
        if scope is Scope.EXCHANGE:
            return answered and finding.requirement.rpartition("/")[2] not in _IN_CONTEXT
        return scope is Scope.MESSAGE

    def _judge_base(self, item: _Item) -> None:
        decided = dicom_findings(item.found) if item.loose.dicom else hl7_findings(item.loose.message)
        item.findings += [self._base(item, one) for one in decided]

    def _base(self, item: _Item, decided: Decided) -> CheckedFinding:
        finding, requirement = decided
        verdict = verdict_of(
            finding.outcome,
            requirement.strength,
            requirement.citation.confidence,
            Owner.SYSTEM,
            strict=self.strictness.strict,
            least=self.strictness.least,
        )
        violated = finding.outcome is Outcome.VIOLATED
        judged = JudgedFinding(
            finding=finding,
            requirement=requirement,
            player=PLAYER,
            owner=Owner.SYSTEM,
            why=Why(),
            verdict=verdict,
            warning=violated and verdict in (Verdict.PASS, Verdict.NONE),
        )
        return placed(judged, item.found)

    # the messages of a case against each other

    def _judge_together(self, items: Sequence[_Item], shells: Sequence[CheckedFile]) -> tuple[CheckedCase, ...]:
        members = [
            Member(number, item.loose, item.readings[0])
            for number, item in enumerate(items)
            if item.readings and not item.is_answer
        ]
        cases = []
        for case in cases_of(members, self.knowledge):
            counted = 0
            for judged in self._judged([as_exchange(one.loose, one.reading) for one in case.members], decides_in_part):
                member = case.holder(judged)
                if member is not None:
                    item = items[member.number]
                    found = placed(unless_changed(judged), item.found)
                    item.findings.append(replace(found, together=True))
                    counted += judged.finding.outcome in (Outcome.MET, Outcome.VIOLATED)
            names = dict.fromkeys(shells[items[member.number].file].name for member in case.members)
            cases.append(CheckedCase(patient=case.patient, files=tuple(names), checks=counted))
        return tuple(cases)


def named_leg(text: str, knowledge: Knowledge) -> tuple[Transaction, Leg | None]:
    """`RAD-4` or `RAD-4/to-image-manager`; InputError names the nearest."""
    name, _, leg_name = text.partition("/")
    known = {one.id.upper(): one for one in knowledge.transactions.values()}
    transaction = known.get(name.strip().upper())
    if transaction is None:
        raise InputError(
            f"there is no transaction `{name}`{nearest(name.upper(), known)}; write for example --as RAD-4"
        )
    if not leg_name:
        return transaction, None
    legs = {leg.id: leg for leg in transaction.legs}
    for name_, leg in legs.items():
        if name_ == leg_name:
            return transaction, leg
    raise InputError(f"{transaction.id} has no leg `{leg_name}`{nearest(leg_name, legs)}; it has {', '.join(legs)}")


def _decides_alone(check: CheckName) -> bool:
    return scopes().get(check) in (Scope.MESSAGE, Scope.EXCHANGE)


def _is_evidence(name: str) -> bool:
    """Whether the file is a payload of a run's evidence, named by its hash: bytes of the wire."""
    stem, _, suffix = name.replace("\\", "/").rpartition("/")[2].partition(".")
    return len(stem) == 64 and suffix == "hl7" and set(stem) <= set("0123456789abcdef")


def _answers(answer: _Item, request: _Item) -> bool:
    """Whether an acknowledgement names a message, and goes back to where it came from if it says so."""
    ours, theirs = answer.loose.message, request.loose.message
    if not theirs.control_id or ours.first("MSA-2") != theirs.control_id:
        return False
    pairs = ((ours.first("MSH-5"), theirs.first("MSH-3")), (ours.first("MSH-3"), theirs.first("MSH-5")))
    return all(not one or not other or one == other for one, other in pairs)


def _mend_parts(item: _Item, items: Sequence[_Item]) -> None:
    """What an N-SET lacks may have been set by another one before (PS3.4 F.7.2.2.2): no violation in itself."""
    if not item.readings or item.readings[0].command is None:
        return
    if item.readings[0].command.service is not Service.N_SET:
        return
    others = [one for one in items if one is not item and one.loose.dicom and _same_instance(one, item)]
    item.findings = [
        mended for one in item.findings if (mended := _mended(one, [other.loose for other in others])) is not None
    ]


def _same_instance(one: _Item, other: _Item) -> bool:
    return bool(one.loose.sop_instance) and one.loose.sop_instance == other.loose.sop_instance


def _mended(one: CheckedFinding, others: Sequence[Loose]) -> CheckedFinding | None:
    """The finding; none when another part has what this one lacks, undecided when there may be such a part."""
    finding = one.judged.finding
    path = finding.evidence.path if finding.evidence is not None else ""
    if one.judged.verdict is not Verdict.FAIL or finding.received != "absent" or not path:
        return one
    attribute = path.partition(".")[0].partition("[")[0]
    if any(other.dataset is not None and present(other.dataset, attribute) for other in others):
        return None
    open_ = replace(finding, outcome=Outcome.UNDECIDED, received="absent, unless an earlier N-SET had set it")
    return replace(one, judged=replace(one.judged, finding=open_, verdict=Verdict.INCONCLUSIVE))


def _lightened(found: Found) -> Found:
    """The message without pixels, as long as others may be held against it."""
    return replace(found, loose=found.loose.without_pixels())


def _message(item: _Item) -> CheckedMessage:
    return CheckedMessage(
        what=_what(item.loose),
        line=item.found.line,
        recognitions=tuple(_recognition(reading) for reading in item.readings),
        forced=item.forced,
        findings=tuple(item.findings),
        note=item.note,
        content=item.loose.content,
        dicom=item.loose.dicom,
    )


def _recognition(reading: Reading) -> Recognition:
    form = reading.leg.dimse
    table = reading.form.table if reading.form is not None else ""
    if form is not None:
        table = form.request_table if reading.half is Half.REQUEST else form.response_table
    return Recognition(
        transaction=reading.transaction.id,
        leg=reading.leg.id,
        title=reading.transaction.title,
        initiator=reading.leg.initiator,
        responder=reading.leg.responder,
        half=reading.half,
        table=table,
        why=reading.why,
    )


def _what(loose: Loose) -> str:
    if loose.dicom:
        return " ".join(filter(None, (keyword_of(loose.sop_class) or "data set", loose.sop_instance)))
    message = loose.message
    parts = [message.type or "HL7 message", message.first("ORC-1")]
    if message.has("MSA-1"):
        parts += [message.first("MSA-1"), f"to {message.first('MSA-2')}"]
    parts += [message.version, message.control_id]
    return " ".join(filter(None, parts))


def _exit_code(files: Sequence[CheckedFile]) -> int:
    verdicts = {message.verdict for file in files for message in file.messages}
    if Verdict.FAIL in verdicts:
        return EXIT_FAIL
    if any(file.named and file.unread and not file.messages for file in files):
        return EXIT_UNUSABLE
    unread = any(file.unread and not file.unread[0].why.startswith(_NO_KIND) for file in files)
    if unread or Verdict.INCONCLUSIVE in verdicts or not any(file.checks for file in files):
        return EXIT_UNDECIDED
    return EXIT_PASS
