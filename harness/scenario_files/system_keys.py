"""What each key of a system file means, in a sentence that editors show beside it; docs/system-files.md says more."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "System.name": "How plans and reports call the product.",
        "System.version": "The product's version, for the reports.",
        "System.claims": "What the vendor says the product is: this is what is tested. At least one.",
        "System.actors": "Each IHE actor that the product plays, with its addresses and hooks.",
        "System.department": "Each of our simulated actors that the product has been told about.",
        "System.times": "How long the product may take, in seconds.",
        "System.binding": "`together`: all claimed actors at once; `each`: one after the other, the others simulated.",
        "System.launch": "`reference`: the harness starts its own reference system. Products are started by you.",
        "System.attestations": "What somebody states about what no recording can show; changes no verdict.",
        "System.overrides": "A file of overrides beside this one; what it says concerns this product alone.",
        "System.known_deviations": "A file of known deviations beside this one.",
        "System.tls": "Our certificate, its key and the authorities we trust: PEM files beside this one.",
        "System.strain": "How a system that the harness starts is made a difficult one.",
        "System.pps_manager": "The active PPS Manager: `PPS Manager` (the claimed one, at its own address), another of "
        "the actors that it is part of, or `simulated` (the product's own is switched off and not tested).",
        "Claim.profile": "The profile that is claimed.",
        "Claim.actors": "The claimed actors of the profile.",
        "Claim.options": "Named options of the profile that one of the actors has.",
        "Claim.transactions": "Narrows the claim to part of the actor; left out: all that the profile requires of it.",
        "SystemActor.dimse": "Where it is reached by DICOM, and what it calls itself.",
        "SystemActor.hl7": "Where it is reached by HL7, and what it calls itself.",
        "SystemActor.offers": "The transactions that the product really has; left out: all that it claims. Claimed and "
        "not offered fails without a connection.",
        "SystemActor.acts": "How the product is made to initiate a transaction; without a hook it acts by itself or by "
        "a person's hand.",
        "SystemActor.feeds": "How what our stand-in knows is carried into the product, before it answers.",
        "SystemActor.links": "Other addresses for single transactions; what is left out is the actor's own.",
        "Endpoints.dimse": "Where it is reached by DICOM in this transaction; what is left out is the actor's own.",
        "Endpoints.hl7": "Where it is reached by HL7 in this transaction; what is left out is the actor's own.",
        "DimseAddress.ae_title": "AE title, 1 to 16 characters.",
        "DimseAddress.host": "Host name or address.",
        "DimseAddress.port": "TCP port. 0 or none: it only calls, and is never called.",
        "Hl7Address.application": "What it calls itself: MSH-3 of what it sends, MSH-5 of what it is sent.",
        "Hl7Address.facility": "Where that is: MSH-4 of what it sends, MSH-6 of what it is sent.",
        "Hl7Address.host": "Host name or address.",
        "Hl7Address.port": "TCP port. 0 or none: it only sends.",
        "Hl7Address.version": "The HL7 version that this link speaks, when it is not that of the play.",
        "DimseAddress.tls": "How the link is secured: `none`, `mutual` (both show a certificate), `server`.",
        "Hl7Address.tls": "How the link is secured: `none`, `mutual` (both show a certificate), `server`.",
        "DepartmentActor.tls": "How both of our listeners are secured: `none`, `mutual`, `server`.",
        "TlsFiles.certificate": "Our certificate, with its chain: a PEM file beside this one.",
        "TlsFiles.key": "The key of our certificate: a PEM file beside this one.",
        "TlsFiles.authorities": "The authorities that issue the peers' certificates: a PEM file beside this one.",
        "DepartmentActor.ae_title": "Our AE title, calling and called; left out: SWF_ and the actor's name.",
        "DepartmentActor.port": "The port of our DICOM listener; 0 or none: a free one.",
        "DepartmentActor.hl7_port": "The port of our MLLP listener; 0 or none: a free one.",
        "DepartmentActor.bind": "The interface that we listen on; 0.0.0.0 or :: for products on other machines.",
        "DepartmentActor.advertise": "The host that a hook is told for our actor.",
        "DepartmentActor.application": "MSH-3 of what we send; left out: as the AE title.",
        "DepartmentActor.facility": "MSH-4 of what we send; left out: SWF.",
        "Hook.command": "An argument list, never a shell; the program is looked up beside this file, then in PATH.",
        "Hook.http": "An http:// or https:// address to which the facts are POSTed as JSON.",
        "Hook.timeout": "Seconds; then the command and its children are killed.",
        "Times.answer": "Seconds for a response on an open link.",
        "Times.act": "Seconds from the beginning of a step until the first message that the product initiates.",
        "Times.show": "Seconds until a change is visible to a query.",
        "Times.settle": "Seconds of quiet at the end of a scenario.",
        "Times.transactions": "Other times for single transactions; what is left out is the general one.",
        "TransactionTimes.answer": "Seconds for a response on an open link, in this transaction.",
        "TransactionTimes.act": "Seconds until the first message that the product initiates, in this transaction.",
        "TransactionTimes.show": "Seconds until a change is visible to a query, in this transaction.",
        "Attestation.requirement": "A requirement's id, or a pattern in which * stands for any text.",
        "Attestation.statement": "What is stated.",
        "Attestation.by": "Who states it.",
        "Attestation.date": "When: YYYY-MM-DD.",
        "Strain.delay": "Seconds that each of its answers and messages takes longer.",
        "Strain.noise": "It is full of foreign patients, repeats itself, and opens associations without reason.",
    }
)
"""By dataclass and field."""
