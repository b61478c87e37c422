"""The tap of a DICOM hop, fed with what passed: what the record holds of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from harness.dicom.encoding import wrap_payload
from harness.engine.reading import is_complete
from harness.model.profile import Service
from harness.model.transcript import Direction, EventKind, Half
from harness.transports.dimse.assembly import Message
from harness.transports.relay.dimse import IN_MEMORY
from harness.transports.relay.tap import How, Side
from tests.unit.transports.relay.associations import (
    CALLED,
    CALLING,
    COMMITMENT,
    CT,
    EXPLICIT,
    RELEASE_RP,
    RELEASE_RQ,
    WORKLIST,
    abort,
    item,
    rejection,
    request,
    role,
    sent,
)
from tests.unit.transports.relay.lines import (
    BASE,
    CANCEL,
    CONTEXTS,
    ECHO,
    ECHOED,
    ENDED,
    ENDS,
    FIND,
    A,
    B,
    Line,
    command,
    found,
    store,
    stored,
)

# the association


def test_both_links_are_recorded_with_what_each_system_was_told(line: Line) -> None:
    line.opened()
    accepted, opened = line.transcript.links
    assert (accepted.hop, accepted.ours, accepted.relays, accepted.time) == ("images", False, None, BASE)
    assert (opened.hop, opened.ours, opened.relays, opened.time) == ("images", True, accepted.id, BASE + 1)
    assert accepted.facts["tls"] == "TLSv1.3"
    for link in (accepted, opened):
        assert (link.facts["calling_ae"], link.facts["called_ae"]) == (CALLING, CALLED)
        assert link.facts["accepted_contexts"].startswith("Verification=ExplicitVRLittleEndian; CTImageStorage=")
    assert accepted.facts["implementation_version_name"] == opened.facts["our_implementation_version_name"] == "SENDER"
    assert (
        opened.facts["implementation_version_name"] == accepted.facts["our_implementation_version_name"] == ("RECEIVER")
    )


def test_nothing_is_recorded_before_the_answer(line: Line) -> None:
    line.say(A, request(CONTEXTS))
    assert line.transcript.links == ()


def told(line: Line) -> list[tuple[Side, EventKind, str, str]]:
    """How both links ended, in order: side, kind, text, and by whom."""
    sides = {None: B, **{link.id: A if link.relays is None else B for link in line.transcript.links}}
    return [(sides[event.link], event.kind, event.text, event.facts["ended_by"]) for event in line.events(*ENDS)]


def test_a_release(line: Line) -> None:
    line.opened().release()
    assert told(line) == [
        (A, EventKind.LINK_CLOSED, "released by CT", "peer"),
        (B, EventKind.LINK_CLOSED, "closed by us: released by CT", "relay"),
    ]
    assert line.events(EventKind.NOISE) == []


def test_a_release_that_the_acceptor_asks_for(line: Line) -> None:
    line.opened().say(B, RELEASE_RQ)
    line.say(A, RELEASE_RP)
    line.end(B)
    assert told(line) == [
        (B, EventKind.LINK_CLOSED, "released by PACS", "peer"),
        (A, EventKind.LINK_CLOSED, "closed by us: released by PACS", "relay"),
    ]


def test_a_release_that_both_ask_for(line: Line) -> None:
    line.opened()
    for side, stream in ((A, RELEASE_RQ), (B, RELEASE_RQ), (A, RELEASE_RP), (B, RELEASE_RP)):
        line.say(side, stream)
    line.end()
    assert [event.kind for event in line.events(*ENDS)] == [EventKind.LINK_CLOSED] * 2
    assert line.events(EventKind.NOISE) == []


def test_an_abort_is_told_on_both_links_with_who_did_it(line: Line) -> None:
    line.opened().say(A, FIND)
    line.say(B, abort(2, 6))
    line.say(A, CANCEL)
    line.end(B)
    assert told(line) == [
        (B, EventKind.LINK_LOST, "aborted by PACS (service provider, reason 6)", "peer"),
        (A, EventKind.LINK_CLOSED, "closed by us: aborted by PACS (service provider, reason 6)", "relay"),
    ]
    assert line.events(EventKind.NOISE) == []


def test_a_rejection(line: Line) -> None:
    line.say(A, request(CONTEXTS))
    line.say(B, rejection())
    line.end()
    accepted, opened = line.transcript.links
    (rejected,) = line.events(EventKind.REJECTED)
    assert rejected.text == (
        "rejected-permanent, service-user: called-AE-title-not-recognized (MODALITY called ARCHIVE)"
    )
    assert (rejected.link, rejected.time) == (opened.id, BASE + 4)
    assert rejected.facts == {
        "hop": "images", "calling_ae": CALLING, "called_ae": CALLED, "peer": "192.0.2.7:104"
    }  # fmt: skip
    assert accepted.facts["accepted_contexts"] == ""
    assert told(line) == [
        (A, EventKind.LINK_CLOSED, "closed by us: rejected by PACS", "relay"),
        (B, EventKind.LINK_CLOSED, "rejected by PACS", "peer"),
    ]


def test_classes_of_which_no_context_was_accepted(line: Line) -> None:
    line.opened(results=(0, 3, 4, 0))
    refused = line.events(EventKind.CONTEXT_REFUSED)
    assert [event.facts for event in refused] == [
        {"hop": "images", "sop_class": CT, "reason": "abstract syntax not supported"},
        {"hop": "images", "sop_class": COMMITMENT, "reason": "transfer syntaxes not supported"},
    ]
    assert {event.link for event in refused} == {line.transcript.links[1].id}


OPEN = "on an open association"


@pytest.mark.parametrize(
    ("first", "how", "other", "expected"),
    [
        (
            A,
            How.CLOSED,
            How.CLOSED,
            [
                (A, EventKind.LINK_LOST, f"CT {OPEN}: closed by the peer", "peer"),
                (B, EventKind.LINK_CLOSED, f"closed by us: CT {OPEN}: closed by the peer", "relay"),
            ],
        ),
        (
            B,
            How.LOST,
            How.CUT,
            [
                (B, EventKind.LINK_LOST, f"PACS {OPEN}: closed by the peer", "peer"),
                (A, EventKind.LINK_CLOSED, f"closed by us: PACS {OPEN}: closed by the peer", "relay"),
            ],
        ),
        (
            A,
            How.CUT,
            How.CUT,
            [(side, EventKind.LINK_CLOSED, "closed by us: closed by the peer", "relay") for side in (A, B)],
        ),
    ],
)
def test_ends_without_a_release(
    line: Line, first: Side, how: How, other: How, expected: list[tuple[Side, EventKind, str, str]]
) -> None:
    line.opened().end(first, how, other)
    assert told(line) == expected


@pytest.mark.parametrize(
    ("ends", "silent"),
    [
        (lambda line: line.say(B, abort()), True),
        (lambda line: line.say(A, abort()), False),
        (lambda line: line.end(B, How.LOST, How.CUT), True),
        (lambda line: line.end(A, How.LOST, How.CUT), False),
        (lambda line: line.end(A, How.CUT, How.CUT), False),
        (lambda line: (line.say(B, RELEASE_RQ), line.say(A, RELEASE_RP)), True),
        (lambda line: (line.say(A, RELEASE_RQ), line.say(B, RELEASE_RP)), False),
    ],
)
def test_a_response_is_missing_only_where_its_sender_ended_the_association(
    line: Line, ends: Callable[[Line], object], silent: bool
) -> None:
    line.opened().say(A, ECHO)
    line.say(B, ECHOED)
    line.say(A, store(7))
    ends(line)
    if not line.events(*ENDS):
        line.end()
    missing = line.events(EventKind.NO_RESPONSE)
    assert [event.link for event in missing] == ([line.transcript.links[0].id] if silent else [])
    assert all(event.text.startswith("no C-STORE response: ") for event in missing)


def test_what_was_asked_after_the_end_awaits_nothing(line: Line) -> None:
    line.opened().say(A, store(1), arrives=False)
    line.say(B, abort())
    line.say(A, store(2))
    line.end(B)
    assert line.events(EventKind.NO_RESPONSE) == []


def test_a_mere_test_of_the_port(line: Line) -> None:
    line.end()
    assert len(line.transcript.links) == 2
    assert [event.kind for event in line.events(*ENDS)] == [EventKind.LINK_CLOSED] * 2
    assert line.events(*ENDS)[0].text == "CT: closed by the peer before any association request"


def test_an_association_request_that_nobody_answers(line: Line) -> None:
    line.say(A, request(CONTEXTS))
    line.end()
    assert line.transcript.links[0].facts["calling_ae"] == CALLING
    assert line.events(*ENDS)[0].kind is EventKind.LINK_LOST


def test_the_kind_of_a_user_identity_is_recorded_and_nothing_else_of_it(line: Line) -> None:
    identity = item(0x58, b"\2\1\0\x08somebody\0\x0bopen-sesame")
    line.opened(identity).release()
    accepted, opened = line.transcript.links
    assert accepted.facts["user_identity"] == opened.facts["our_user_identity"] == "username and passcode"
    assert "user_identity" not in opened.facts
    for file in line.folder.rglob("*"):
        assert not file.is_file() or b"sesame" not in file.read_bytes()


# messages


def test_a_message_is_recorded_as_it_came_and_as_it_went_out(line: Line) -> None:
    line.opened().say(A, store(9))
    line.say(B, stored(9))
    accepted, opened = line.transcript.links
    (exchange,) = line.exchanges
    assert exchange.link == accepted
    assert [(one.link, one.half, one.direction, one.time - BASE) for one in line.transcript.captures] == [
        (accepted.id, Half.REQUEST, Direction.RECEIVED, 6.0),
        (opened.id, Half.REQUEST, Direction.SENT, 7.0),
        (opened.id, Half.RESPONSE, Direction.RECEIVED, 8.0),
        (accepted.id, Half.RESPONSE, Direction.SENT, 9.0),
    ]
    assert len({one.exchange for one in line.transcript.captures}) == 1
    first, second = line.transcript.captures[:2]
    assert first.payload == second.payload
    assert first.payload is not None
    assert line.recorder.read(first.payload) == wrap_payload(b"an image", EXPLICIT, CT, "1.2.9")
    assert is_complete(exchange)


def test_a_command_is_recorded_with_its_elements_and_its_transfer_syntax(line: Line) -> None:
    move = replace_fields(store(4), {"MoveOriginatorMessageID": "12", "MoveOriginatorApplicationEntityTitle": "WS"})
    line.opened().say(A, move)
    recorded = line.exchanges[0].request.command
    assert recorded is not None
    assert (recorded.service, recorded.message_id, recorded.transfer_syntax) == (Service.C_STORE, 4, EXPLICIT)
    assert recorded.fields["MoveOriginatorMessageID"] == "12"


def replace_fields(message: Message, fields: dict[str, str]) -> Message:
    asked = message.command
    return Message(
        context_id=message.context_id,
        command=command(
            asked.service, asked.message_id, sop_class=asked.sop_class, sop_instance=asked.sop_instance,
            has_dataset=True, fields=fields,
        ),
        content=message.content,
    )  # fmt: skip


def test_several_responses_and_a_cancel(line: Line) -> None:
    line.opened().say(A, FIND)
    for number in (1, 2):
        line.say(B, found(number))
    line.say(A, CANCEL)
    line.say(B, ENDED)
    query, cancel = line.exchanges
    statuses = [one.command.status for one in query.responses if one.command]
    assert statuses == [0xFF00, 0xFF00, 0xFE00]
    assert cancel.request.command is not None
    assert (cancel.request.command.service, cancel.request.command.sop_class) == (Service.C_CANCEL, WORKLIST)
    assert cancel.responses == ()


def test_a_report_on_the_same_association_is_a_request_of_the_responder(line: Line) -> None:
    report = Message(
        context_id=5,
        command=command(Service.N_EVENT_REPORT, 1, sop_class=COMMITMENT, sop_instance="1.2", has_dataset=True,
                        fields={"EventTypeID": "1"}),
        content=b"results",
    )  # fmt: skip
    taken = Message(context_id=5, command=command(Service.N_EVENT_REPORT, 1, status=0))
    action = Message(
        context_id=5,
        command=command(Service.N_ACTION, 1, sop_class=COMMITMENT, sop_instance="1.2", has_dataset=True,
                        fields={"ActionTypeID": "1"}),
        content=b"instances",
    )  # fmt: skip
    acted = Message(context_id=5, command=command(Service.N_ACTION, 1, status=0))
    line.opened(role(COMMITMENT, 1, 1)).say(A, action)
    line.say(B, report)
    line.say(A, taken)
    line.say(B, acted)
    accepted, opened = line.transcript.links
    asked, reported = line.exchanges
    assert (asked.link, reported.link) == (accepted, opened)
    assert asked.final is not None
    assert reported.final is not None
    assert (asked.final.link, reported.final.link) == (opened.id, accepted.id)
    assert accepted.facts["scp_roles"] == "StorageCommitmentPushModel"


def test_operations_that_overlap_are_told_apart(line: Line) -> None:
    line.opened()
    for number in (1, 2, 3):
        line.say(A, store(number))
    for number in (2, 3, 1):
        line.say(B, stored(number, status=number))
    assert [one.final.command.status for one in line.exchanges if one.final and one.final.command] == [1, 2, 3]


def test_a_large_data_set_goes_to_disk_and_becomes_evidence(line: Line) -> None:
    content = bytes(range(256)) * (IN_MEMORY // 256 + 1)
    line.opened().say(A, store(1, content))
    (exchange,) = line.exchanges
    payload = exchange.request.payload
    assert payload is not None
    kept = (line.folder / "evidence" / "payload" / payload.file_name).read_bytes()
    assert kept == wrap_payload(content, EXPLICIT, CT, "1.2.1")
    assert hashlib.sha256(kept).hexdigest() == payload.sha256
    assert list((line.folder / "receiving").iterdir()) == []


def test_a_large_answer_goes_to_disk_under_the_names_of_its_request(line: Line) -> None:
    content = b"entry" * IN_MEMORY
    line.opened().say(A, FIND)
    line.say(B, Message(context_id=7, command=found(1).command, content=content))
    payload = line.exchanges[0].responses[0].payload
    assert payload is not None
    assert line.recorder.read(payload) == wrap_payload(content, EXPLICIT, WORKLIST, "")


def test_what_never_reached_the_other_side_is_recorded_as_received_alone(line: Line) -> None:
    line.opened().say(A, store(1), arrives=False)
    assert [one.direction for one in line.transcript.captures] == [Direction.RECEIVED]


def test_a_transfer_that_was_broken_off(line: Line) -> None:
    content = bytes(3 * IN_MEMORY)
    stream = sent(store(1, content))
    line.opened().say(A, stream[: len(stream) // 2])
    assert len(list((line.folder / "receiving").iterdir())) == 1
    line.say(B, abort())
    line.end(B, How.CLOSED, How.LOST)
    assert line.exchanges == ()
    texts = {side: text for side, _, text, _ in told(line)}
    assert "; CT had not finished a C-STORE request with 15" in texts[A]
    assert "finished" not in texts[B]
    assert list((line.folder / "receiving").iterdir()) == []
