"""What was agreed on a link, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.model.transcript import Link
from reports.associations import Context, contexts_of, link_facts

Sample = Any  # the fixture's class lives in conftest.py


@pytest.fixture
def link(sample: Sample) -> Link:
    found: Link = sample.run.transcript.exchanges[1].link
    return found


def test_known_facts_are_named_and_others_shown_as_they_are(link: Link) -> None:
    facts = dict(link_facts(replace(link, facts={"called_ae": "PACS", "max_pdu": "16384", "odd": "x", "empty": ""})))
    assert facts["called AE title"] == "PACS"
    assert facts["peer's maximum PDU length"] == "16384"
    assert facts["odd"] == "x"
    assert "empty" not in facts


def test_contexts_are_those_that_were_accepted_and_refused(link: Link) -> None:
    facts = {
        "accepted_contexts": "CTImageStorage=ExplicitVRLittleEndian; Verification=ImplicitVRLittleEndian",
        "refused_contexts": "MRImageStorage: abstract syntax not supported",
    }
    assert contexts_of(replace(link, facts=facts)) == (
        Context("CTImageStorage", "ExplicitVRLittleEndian", accepted=True),
        Context("Verification", "ImplicitVRLittleEndian", accepted=True),
        Context("MRImageStorage", "abstract syntax not supported", accepted=False),
    )
    assert not any("context" in name for name, _ in link_facts(replace(link, facts=facts)))


def test_a_link_without_facts_has_its_ends(link: Link) -> None:
    ((name, value),) = link_facts(replace(link, facts={}))
    assert name == "link"
    assert " - " in value
    assert contexts_of(replace(link, facts={})) == ()


@pytest.mark.parametrize("hostile", ["=;=; ;", "\x1b[2J=\x00", "A" * 100_000 + "=B", "; ".join(["X=Y"] * 5000)])
def test_hostile_facts_are_bounded_visible_text(link: Link, hostile: str) -> None:
    contexts = contexts_of(replace(link, facts={"accepted_contexts": hostile, "refused_contexts": hostile}))
    assert len(contexts) <= 128
    for one in contexts:
        assert len(one.abstract_syntax) < 120
        assert one.abstract_syntax.isprintable()
