"""The questions of `swf init`: which of them matter for a kind of product, their defaults, and how answers are read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from harness.cli._questions import Parse, Questions
from harness.engine.drafting import Demands, MakePlan, claims_of, demands, possible
from harness.errors import NotApplicable
from harness.model.connection import is_loopback
from harness.model.names import TransactionId
from harness.model.product_kind import Acting, Answers, ProductKind
from harness.profiles import Knowledge
from harness.scenario_files.systems import is_ae_title, is_port
from harness.transports.probing import Reach, address_towards, reach
from harness.yaml_source import nearest

MOST = 12
"""The most questions that any kind of product needs."""

_DICOM_PORT, _HL7_PORT = "104", "2575"
"""What the two protocols are registered with."""
_LOOK = 1.0
"""Seconds that looking whether somebody listens may take."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was given as options; None is what was not."""

    kind: str | None = None
    transactions: str | None = None
    profile: str | None = None
    name: str | None = None
    version: str | None = None
    host: str | None = None
    ae_title: str | None = None
    port: str | None = None
    hl7: str | None = None
    hl7_port: str | None = None
    our_address: str | None = None
    acts: str | None = None
    feeds: str | None = None


def interview(
    questions: Questions,
    given: Given,
    kinds: Mapping[str, ProductKind],
    knowledge: Knowledge,
    make_plan: MakePlan,
    check_name: Callable[[str], None],
) -> Answers:
    """Ask what matters; `check_name` raises when no file may be written for a product of that name."""
    about = _About(questions, given, knowledge)
    name, kind = about.kind(kinds)
    transactions = about.transactions(kind)
    profiles, needed = about.profiles(kind, transactions, make_plan)
    called = about.name(name)
    check_name(called)
    version = about.version()
    host = about.host()
    ae_title, port = about.dicom(needed, called, host)
    (application, facility), hl7_port = about.hl7(needed, called, host)
    advertise = about.our_address(needed, host)
    acting, command = about.acting(needed)
    return Answers(
        kind=kind,
        profiles=profiles,
        transactions=transactions,
        name=called,
        version=version,
        host=host,
        ae_title=ae_title,
        dimse_port=port,
        application=application,
        facility=facility,
        hl7_port=hl7_port,
        advertise=advertise,
        acting=acting,
        command=command,
        feed=about.feed(needed),
    )


@dataclass(frozen=True)
class _About:
    """One question each."""

    questions: Questions
    given: Given
    knowledge: Knowledge

    def kind(self, kinds: Mapping[str, ProductKind]) -> tuple[str, ProductKind]:
        names = list(kinds)
        width = max(map(len, names))
        table = "\n".join(f"  {index:2} {name:{width}}  {kinds[name].title}" for index, name in enumerate(names, 1))
        parse = _one_of(names, "kind of product")
        name = self.questions.answer(
            "kind",
            "What is under test? (number or name)",
            parse,
            given=self.given.kind,
            default=None,
            explained=table,
        )
        return name, kinds[name]

    def transactions(self, kind: ProductKind) -> tuple[TransactionId, ...]:
        """Which it has; empty when it is all that every profile requires."""
        known = possible(kind, kind.profiles, self.knowledge)
        usual = kind.transactions or tuple(one for one, required in known.items() if required)
        titles = [(one, self.knowledge.transactions[one].title) for one in known]
        lines = [f"  {one:7} {title}{'' if known[one] else '  (optional)'}" for one, title in titles]
        return self.questions.answer(
            "transactions",
            "Which of these transactions has it?",
            lambda text: _transactions(text, known),
            given=self.given.transactions,
            default=", ".join(usual),
            explained="\n".join(lines),
        )

    def profiles(
        self, kind: ProductKind, transactions: Sequence[TransactionId], make_plan: MakePlan
    ) -> tuple[tuple[str, ...], Demands]:
        """Which profiles it claims, and what that demands; asked where it makes a difference: where HL7 is spoken."""
        first = self._demands(kind, kind.profiles[:1], transactions, make_plan)
        versions = {one: ", ".join(self.knowledge.profiles[one].hl7_versions) for one in kind.profiles}
        if len(kind.profiles) == 1 or (not first.hl7 and self.given.profile is None):
            return kind.profiles[:1], first
        chosen = self.questions.answer(
            "profile",
            f"Which profile, that is which HL7 version? ({', '.join(kind.profiles)}, or both)",
            _profiles(kind.profiles),
            given=self.given.profile,
            default=kind.profiles[0],
            explained="\n".join(f"  {one:6} HL7 {version}" for one, version in versions.items()),
        )
        return chosen, self._demands(kind, chosen, transactions, make_plan)

    def _demands(
        self, kind: ProductKind, profiles: Sequence[str], transactions: Sequence[TransactionId], make_plan: MakePlan
    ) -> Demands:
        claims = claims_of(kind, profiles, transactions, self.knowledge)
        if not claims:
            raise NotApplicable(
                f"{', '.join(transactions)} is no part of {', '.join(profiles)}: there is nothing to test"
            )
        return demands(claims, make_plan, self.knowledge)

    def name(self, kind: str) -> str:
        usual = f"Our {kind.upper() if len(kind) <= 4 else kind.replace('-', ' ')}"
        return self.questions.answer("name", "What is it called?", _text, given=self.given.name, default=usual)

    def version(self) -> str:
        return self.questions.answer(
            "version", "Which version? (for the reports; may be empty)", str, given=self.given.version, default=""
        )

    def host(self) -> str:
        return self.questions.answer(
            "host", "On which host does it run? (name or address)", _host, given=self.given.host, default="127.0.0.1"
        )

    def dicom(self, needed: Demands, name: str, host: str) -> tuple[str, int]:
        if not needed.dimse:
            return "", 0
        title = self.questions.answer(
            "ae-title", "What is its AE title?", _ae_title, given=self.given.ae_title, default=_title_of(name)
        )
        port = 0
        if needed.dimse_port:
            hint = "" if needed.must_listen else "  0 when it only calls, and is never called."
            what = "At which port does it listen for DICOM?"
            port = self._port("port", what, self.given.port, _DICOM_PORT, host, hint)
        return title, port

    def hl7(self, needed: Demands, name: str, host: str) -> tuple[tuple[str, str], int]:
        if not needed.hl7:
            return ("", ""), 0
        names = self.questions.answer(
            "hl7",
            "How does it call itself in HL7? (application|facility: MSH-3|MSH-4)",
            _application,
            given=self.given.hl7,
            default=f"{_title_of(name)}|RAD",
        )
        port = 0
        if needed.hl7_port:
            what = "At which port does it listen for HL7 (MLLP)?"
            port = self._port("hl7-port", what, self.given.hl7_port, _HL7_PORT, host)
        return names, port

    def _port(self, option: str, question: str, given: str | None, default: str, host: str, hint: str = "") -> int:
        """A port; whether somebody listens there is a note, and no more than that: it may be started later."""
        parse = _port if hint else _own_port
        port = self.questions.answer(option, question, parse, given=given, default=default, explained=hint)
        if port and self.questions.ask and given is None:
            found = reach(host, port, _LOOK)
            text = (
                "something listens there" if found.reach is Reach.OPEN else f"nothing answers there now: {found.text}"
            )
            self.questions.say(f"  note: {text}", style="green" if found.reach is Reach.OPEN else "yellow")
        return port

    def our_address(self, needed: Demands, host: str) -> str:
        """Where the product finds us; not asked when it runs here, or never calls us."""
        if self.given.our_address is None and (is_loopback(host) or not needed.called):
            return "127.0.0.1"
        return self.questions.answer(
            "our-address",
            f"At which address does {host} reach this machine?",
            _host,
            given=self.given.our_address,
            default=address_towards(host),
            explained="  Our listeners will be open to the network, not to this machine alone.",
        )

    def acting(self, needed: Demands) -> tuple[Acting, tuple[str, ...]]:
        if not needed.begins:
            return Acting.ITSELF, ()
        titles = "\n".join(f"  {one:7} {self.knowledge.transactions[one].title}" for one in needed.begins)
        return self.questions.answer(
            "acts",
            "It begins these. How is it made to? (itself, person, or a command line)",
            _acting,
            given=self.given.acts,
            default=Acting.ITSELF.value,
            explained=titles,
        )

    def feed(self, needed: Demands) -> tuple[str, ...]:
        """Asked only of what begins nothing by itself, so that there are never more questions than told."""
        if not needed.fed or (needed.begins and self.given.feeds is None):
            return ()
        names = ", ".join(needed.fed)
        return self.questions.answer(
            "feeds",
            f"Which command line loads into it what it is to answer in {names}? (itself: it knows anyway)",
            _command,
            given=self.given.feeds,
            default=Acting.ITSELF.value,
        )


# reading answers


def _one_of(names: Sequence[str], what: str) -> Parse[str]:
    def parse(text: str) -> str:
        if text.isdecimal() and 1 <= int(text) <= len(names):
            return names[int(text) - 1]
        if text.lower() in names:
            return text.lower()
        raise ValueError(f"there is no {what} `{text}`{nearest(text, names)}; known are {', '.join(names)}")

    return parse


def _transactions(text: str, known: Mapping[TransactionId, bool]) -> tuple[TransactionId, ...]:
    """A list such as `RAD-8, 10 14`, or `all`."""
    if text.lower() == "all":
        return tuple(known)
    wanted = []
    for word in re.split(r"[\s,;]+", text.strip(" ,;")):
        name = TransactionId(f"RAD-{word.upper().removeprefix('RAD-')}")
        if name not in known:
            raise ValueError(f"`{word}` is none of its transactions{nearest(name, known)}")
        wanted.append(name)
    return tuple(one for one in known if one in wanted)


def _profiles(known: Sequence[str]) -> Parse[tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        if text.lower() == "both":
            return tuple(known)
        found = [one for one in known if one.lower() == text.lower()]
        if not found:
            raise ValueError(f"`{text}` is none of {', '.join(known)}, both")
        return tuple(found)

    return parse


def _text(text: str) -> str:
    if not text:
        raise ValueError("something has to stand here")
    return text


def _host(text: str) -> str:
    if not text or re.search(r"[\s/@]", text):
        raise ValueError(f"`{text}` is no host: a name such as pacs.example.org, or an address such as 192.0.2.10")
    return text


def _ae_title(text: str) -> str:
    if not is_ae_title(text):
        raise ValueError(f"`{text}` is no AE title: 1 to 16 ASCII characters without backslash")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > 5 or not is_port(int(text)):
        raise ValueError(f"`{text}` is no TCP port: a number from 1 to 65535")
    return int(text)


def _own_port(text: str) -> int:
    if _port(text) == 0:
        raise ValueError("0 is no TCP port: it has to be reached somewhere")
    return _port(text)


def _application(text: str) -> tuple[str, str]:
    application, bar, facility = (part.strip() for part in text.partition("|"))
    if not application or not bar or not facility or "|" in facility:
        raise ValueError(f"`{text}` is not application|facility, such as PACS|RAD")
    return application, facility


def _acting(text: str) -> tuple[Acting, tuple[str, ...]]:
    if text.lower() in (Acting.ITSELF.value, Acting.PERSON.value):
        return Acting(text.lower()), ()
    return Acting.COMMAND, _command(text)


def _command(text: str) -> tuple[str, ...]:
    if text.lower() == Acting.ITSELF.value:
        return ()
    words = tuple(shlex.split(text))
    if not words:
        raise ValueError("a command line has at least a program")
    return words


def _title_of(name: str) -> str:
    """An AE title made of a name: `Our archive` becomes OUR_ARCHIVE."""
    words = re.sub(r"[^A-Z0-9]+", "_", name.upper().encode("ascii", "ignore").decode()).strip("_")
    return words[:16].strip("_") or "PRODUCT"
