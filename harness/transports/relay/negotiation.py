"""What two systems agree on when they open an association, read from its PDUs (PS3.8 9.3.2 to 9.3.8, PS3.7 Annex D.3).

It reads what the record of a link needs, and of a user identity nothing but its kind: names and secrets stay unread.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.dicom.uids import keyword_of
from harness.transports.dimse.contexts import MOST_CONTEXTS, Accepted, describe, refusal

_FIXED = 68
"""Bytes of an A-ASSOCIATE PDU before its items (PS3.8 Table 9-11)."""

_LONGEST_NAME = 64
"""Characters of a UID or name that are kept; none may be longer (PS3.5 9.1)."""

_REQUESTED_CONTEXT = 0x20
_ANSWERED_CONTEXT = 0x21
_ABSTRACT_SYNTAX = 0x30
_TRANSFER_SYNTAX = 0x40
_USER_INFORMATION = 0x50
_MAXIMUM_LENGTH = 0x51
_IMPLEMENTATION_CLASS = 0x52
_ASYNCHRONOUS = 0x53
_ROLE_SELECTION = 0x54
_IMPLEMENTATION_VERSION = 0x55
_EXTENDED = 0x56
_USER_IDENTITY = 0x58

_IDENTITIES: Mapping[int, str] = MappingProxyType(
    {1: "username", 2: "username and passcode", 3: "Kerberos service ticket", 4: "SAML assertion", 5: "JSON web token"}
)
"""User-Identity-Type (PS3.7 D.3.3.7)."""

_RESULTS: Mapping[int, str] = MappingProxyType({1: "rejected-permanent", 2: "rejected-transient"})
_SOURCES: Mapping[int, str] = MappingProxyType(
    {1: "service-user", 2: "service-provider (ACSE)", 3: "service-provider (presentation)"}
)
_REASONS: Mapping[tuple[int, int], str] = MappingProxyType(
    {
        (1, 1): "no-reason-given",
        (1, 2): "application-context-name-not-supported",
        (1, 3): "calling-AE-title-not-recognized",
        (1, 7): "called-AE-title-not-recognized",
        (2, 1): "no-reason-given",
        (2, 2): "protocol-version-not-supported",
        (3, 1): "temporary-congestion",
        (3, 2): "local-limit-exceeded",
    }
)
"""Why an association was rejected, by source and reason (PS3.8 Table 9-21)."""

_ABORTERS: Mapping[int, str] = MappingProxyType({0: "service user", 2: "service provider"})
"""Who aborts (PS3.8 Table 9-26)."""


class NegotiationError(ValueError):
    """An A-ASSOCIATE PDU that cannot be read. The text quotes nothing of it: there may be a secret in it."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What one side says of itself. `max_pdu` in bytes; what it did not say is None or empty."""

    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    max_pdu: int | None = None
    asynchronous: tuple[int, int] | None = None
    """Operations that may be invoked, and performed, at a time; 0 is any number (PS3.7 D.3.3.3)."""
    user_identity: str = ""
    extended: tuple[str, ...] = ()
    """SOP classes with extended negotiation."""

    @property
    def facts(self) -> Mapping[str, str]:
        """For the record of a link: what that of our own associations has, and what applies besides."""
        found = {
            "implementation_class_uid": self.implementation_class_uid,
            "implementation_version_name": self.implementation_version_name,
            "max_pdu": "" if self.max_pdu is None else str(self.max_pdu),
        }
        if self.asynchronous is not None:
            invoked, performed = self.asynchronous
            found["asynchronous_operations"] = f"{invoked} invoked, {performed} performed"
        if self.user_identity:
            found["user_identity"] = self.user_identity
        if self.extended:
            found["extended_negotiation"] = "; ".join(keyword_of(uid) for uid in self.extended)
        return found


@dataclass(frozen=True, kw_only=True)
class Request:
    """An A-ASSOCIATE-RQ: abstract syntaxes by context, and the classes for which the requestor proposes a role."""

    calling_ae: str
    called_ae: str
    abstract_syntaxes: Mapping[int, str]
    scp_roles: tuple[str, ...]
    scu_roles: tuple[str, ...]
    identity: Identity


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An A-ASSOCIATE-AC: by context its result (0 is acceptance) and the transfer syntax that goes with it."""

    results: Mapping[int, tuple[int, str]]
    identity: Identity


@dataclass(frozen=True, kw_only=True)
class Rejection:
    """An A-ASSOCIATE-RJ."""

    result: int
    source: int
    reason: int

    def __str__(self) -> str:
        result = _RESULTS.get(self.result, f"result {self.result}")
        source = _SOURCES.get(self.source, f"source {self.source}")
        reason = _REASONS.get((self.source, self.reason), f"reason {self.reason}")
        return f"{result}, {source}: {reason}"


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """An association request with its answer, as far as there was one."""

    request: Request
    answer: Answer | None = None

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        """The accepted contexts, with the roles of the requestor, in the order of their numbers."""
        results = {} if self.answer is None else self.answer.results
        return tuple(
            Accepted(
                context_id=number,
                sop_class=self.request.abstract_syntaxes.get(number, ""),
                transfer_syntax=syntax,
                as_scu=self._has_role(number, self.request.scu_roles, default=True),
                as_scp=self._has_role(number, self.request.scp_roles, default=False),
            )
            for number, (result, syntax) in sorted(results.items())
            if not result
        )

    def _has_role(self, number: int, proposed: tuple[str, ...], *, default: bool) -> bool:
        sop_class = self.request.abstract_syntaxes.get(number, "")
        selected = sop_class in (*self.request.scp_roles, *self.request.scu_roles)
        return sop_class in proposed if selected else default

    @property
    def refused(self) -> tuple[tuple[str, str], ...]:
        """(SOP class, reason) of the refused contexts, in the order of their numbers."""
        results = {} if self.answer is None else self.answer.results
        return tuple(
            (self.request.abstract_syntaxes.get(number, ""), refusal(result))
            for number, (result, _) in sorted(results.items())
            if result
        )

    def facts(self, *, of_requestor: bool) -> Mapping[str, str]:
        """The facts of the link to one of the two: those with `our_` are what that one was told of the other."""
        request, answer = self.request.identity, Identity() if self.answer is None else self.answer.identity
        theirs, ours = (request, answer) if of_requestor else (answer, request)
        return {
            "calling_ae": self.request.calling_ae,
            "called_ae": self.request.called_ae,
            **theirs.facts,
            **{f"our_{name}": value for name, value in ours.facts.items()},
            "accepted_contexts": describe(self.accepted),
            "scp_roles": "; ".join(keyword_of(uid) for uid in self.request.scp_roles),
            "refused_contexts": "; ".join(f"{keyword_of(uid)}: {reason}" for uid, reason in self.refused),
        }


def read_request(body: bytes) -> Request:
    """What an A-ASSOCIATE-RQ proposes (PS3.8 9.3.2); NegotiationError."""
    syntaxes: dict[int, str] = {}
    user = _User()
    for kind, value in _items(body, _FIXED):
        if kind == _REQUESTED_CONTEXT:
            number, _ = _context(value)
            syntaxes[number] = next((_name(of) for sub, of in _items(value, 4) if sub == _ABSTRACT_SYNTAX), "")
        elif kind == _USER_INFORMATION:
            user = _user(value)
    _bounded(syntaxes)
    return Request(
        called_ae=_title(body[4:20]),
        calling_ae=_title(body[20:36]),
        abstract_syntaxes=syntaxes,
        scp_roles=tuple(uid for uid, (_, scp) in user.roles.items() if scp),
        scu_roles=tuple(uid for uid, (scu, _) in user.roles.items() if scu),
        identity=user.identity,
    )


def read_answer(body: bytes) -> Answer:
    """What an A-ASSOCIATE-AC grants (PS3.8 9.3.3); NegotiationError."""
    results: dict[int, tuple[int, str]] = {}
    user = _User()
    for kind, value in _items(body, _FIXED):
        if kind == _ANSWERED_CONTEXT:
            number, result = _context(value)
            syntax = next((_name(of) for sub, of in _items(value, 4) if sub == _TRANSFER_SYNTAX), "")
            results[number] = (result, syntax)
        elif kind == _USER_INFORMATION:
            user = _user(value)
    _bounded(results)
    return Answer(results=results, identity=user.identity)


def read_rejection(body: bytes) -> Rejection:
    """Why an A-ASSOCIATE-RJ rejects (PS3.8 9.3.4); what is missing counts as 0."""
    _, result, source, reason = body[:4].ljust(4, b"\0")
    return Rejection(result=result, source=source, reason=reason)


def read_abort(body: bytes) -> str:
    """Who aborts and why, in words (PS3.8 9.3.8); what is missing counts as 0."""
    _, _, source, reason = body[:4].ljust(4, b"\0")
    return f"{_ABORTERS.get(source, f'source {source}')}, reason {reason}"


@dataclass(frozen=True, kw_only=True)
class _User:
    """The user information items; `roles` are (SCU, SCP) by SOP class."""

    identity: Identity = field(default_factory=Identity)
    roles: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)


def _user(content: bytes) -> _User:
    """The user information (PS3.7 D.3.3)."""
    class_uid = version = user_identity = ""
    max_pdu: int | None = None
    window: tuple[int, int] | None = None
    roles: dict[str, tuple[bool, bool]] = {}
    extended: list[str] = []
    for kind, value in _items(content, 0):
        if kind == _MAXIMUM_LENGTH:
            (max_pdu,) = _unpack(">L", value)
        elif kind == _IMPLEMENTATION_CLASS:
            class_uid = _name(value)
        elif kind == _IMPLEMENTATION_VERSION:
            version = _name(value)
        elif kind == _ASYNCHRONOUS:
            invoked, performed = _unpack(">HH", value)
            window = invoked, performed
        elif kind == _ROLE_SELECTION:
            uid, rest = _uid_first(value)
            scu, scp = _unpack(">BB", rest)
            roles[uid] = bool(scu), bool(scp)
        elif kind == _EXTENDED:
            extended.append(_uid_first(value)[0])
        elif kind == _USER_IDENTITY:
            (code,) = _unpack(">B", value)
            user_identity = _IDENTITIES.get(code, f"type {code}")
    _bounded(roles)
    _bounded(extended)
    identity = Identity(
        implementation_class_uid=class_uid,
        implementation_version_name=version,
        max_pdu=max_pdu,
        asynchronous=window,
        user_identity=user_identity,
        extended=tuple(extended),
    )
    return _User(identity=identity, roles=roles)


def _items(content: bytes, place: int) -> Iterator[tuple[int, bytes]]:
    """Type and value of each item: type, a reserved byte, length (PS3.8 9.3.2)."""
    if len(content) < place:
        raise NegotiationError(f"{len(content)} bytes where there are to be {place} and more")
    while place < len(content):
        kind, length = _unpack(">BxH", content[place : place + 4])
        place += 4
        if place + length > len(content):
            raise NegotiationError(f"an item of type {kind:02X}H goes beyond what holds it")
        yield kind, content[place : place + length]
        place += length


def _context(value: bytes) -> tuple[int, int]:
    """Number and result of a presentation context (PS3.8 9.3.2.2, 9.3.3.2)."""
    number, result = _unpack(">BxB", value)
    return number, result


def _uid_first(value: bytes) -> tuple[str, bytes]:
    """A UID with its length before it, and what follows (PS3.7 D.3.3.4, D.3.3.5)."""
    (length,) = _unpack(">H", value)
    return _name(value[2 : 2 + length]), value[2 + length :]


def _unpack(layout: str, value: bytes) -> tuple[int, ...]:
    """The numbers with which a value begins."""
    size = struct.calcsize(layout)
    if len(value) < size:
        raise NegotiationError(f"{len(value)} bytes where there are to be {size}")
    return struct.unpack_from(layout, value)


def _name(value: bytes) -> str:
    return value.decode("latin-1").strip("\0 ")[:_LONGEST_NAME]


def _title(value: bytes) -> str:
    """An AE title without its insignificant spaces (PS3.8 9.3.2)."""
    return value.decode("latin-1").strip("\0 ")


def _bounded(found: Mapping[int, object] | Mapping[str, object] | list[str]) -> None:
    """An association has so many contexts at most, and each has one SOP class (PS3.8 9.3.2.2)."""
    if len(found) > MOST_CONTEXTS:
        raise NegotiationError(f"more than {MOST_CONTEXTS} presentation contexts, or items about them")
