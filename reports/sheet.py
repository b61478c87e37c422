"""The sheet for a product's administrator, as text and as CSV. Renders a finished sheet and decides nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from harness.model.connection import Peer, Sheet, Told
from harness.model.profile import LinkKind
from reports.printable import printable

COLUMNS = (
    "product",
    "row",
    "actor",
    "protocol",
    "AE title",
    "HL7 application",
    "HL7 facility",
    "host",
    "port",
    "direction",
    "calls the product in",
    "is called by the product in",
    "content",
    "TLS",
)
"""The columns of the CSV form."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would take for a formula."""

_WIDTH = 100


def sheet_text(sheets: Sequence[Sheet]) -> Iterator[str]:
    """The sheets in lines: what to enter, what we were told, and what does not fit together."""
    for number, sheet in enumerate(sheets):
        if number:
            yield ""
        product = printable(f"{sheet.system} {sheet.version}".strip())
        plural = "" if sheet.scenarios == 1 else "s"
        yield f"For the administrator of {product}: what to enter of us ({sheet.scenarios} scenario{plural})"
        yield from _entries(sheet)
        yield ""
        yield f"What we were told of {product}; compare it with its own settings:"
        yield from (_told_line(told) for told in sheet.told)
        if sheet.problems:
            yield ""
            yield "To be mended first:"
            yield from (f"  ! {printable(problem, 400)}" for problem in sheet.problems)


def _entries(sheet: Sheet) -> Iterator[str]:
    for kind, title in ((LinkKind.DIMSE, "DICOM"), (LinkKind.MLLP, "HL7 over MLLP")):
        peers = [peer for peer in sheet.peers if peer.kind is kind]
        if not peers:
            continue
        yield ""
        yield title
        width = max(len(name_of(peer)) for peer in peers)
        for peer in peers:
            yield f"  {printable(name_of(peer)):{width}}  {address_of(peer)}   TLS {'yes' if peer.tls else 'no'}"
            yield f"  {'':{width}}  our {peer.actor}; {peer.direction}"
            yield from (f"  {'':{width}}  {line}" for line in _uses(peer))


def _uses(peer: Peer) -> Iterator[str]:
    for word, transactions in (("calls in", peer.calls), ("called in", peer.called)):
        if transactions:
            yield f"{word} {', '.join(transactions)}"
    yield from _wrapped("; ".join(peer.contents))


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for part in text.split("; "):
        if line and len(line) + len(part) + 2 > _WIDTH:
            yield f"{line};"
            line = part
        else:
            line = f"{line}; {part}" if line else part
    if line:
        yield line


def name_of(peer: Peer | Told) -> str:
    """What the other side calls it: its AE title, or its application and facility."""
    return peer.ae_title if peer.kind is LinkKind.DIMSE else f"{peer.application}|{peer.facility}"


def address_of(peer: Peer | Told) -> str:
    """Host and port; of what is never called the host alone."""
    if not peer.host:
        return "is never called"
    port = f"port {peer.port}" if peer.port else "no port: only calls"
    if isinstance(peer, Peer) and peer.called and not peer.port:
        port = "at a free port"
    return f"{printable(peer.host)}  {port}"


def _told_line(told: Told) -> str:
    return f"  {told.actor}: {protocol(told)} {printable(name_of(told))}  {address_of(told)}"


def protocol(peer: Peer | Told) -> str:
    """DICOM, or HL7."""
    return "DICOM" if peer.kind is LinkKind.DIMSE else "HL7"


def sheet_csv(sheets: Sequence[Sheet]) -> str:
    """The sheets as CSV (RFC 4180), one line for each entry; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for sheet in sheets:
        rows = [*(_peer_row(sheet, peer) for peer in sheet.peers), *(_told_row(sheet, told) for told in sheet.told)]
        rows += [(sheet.system, "to be mended", problem) for problem in sheet.problems]
        writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def _peer_row(sheet: Sheet, peer: Peer) -> tuple[str, ...]:
    return (
        *_address_cells(sheet, "enter on the product", peer),
        peer.direction,
        ", ".join(peer.calls),
        ", ".join(peer.called),
        "; ".join(peer.contents),
        "yes" if peer.tls else "no",
    )


def _told_row(sheet: Sheet, told: Told) -> tuple[str, ...]:
    return (*_address_cells(sheet, "told of the product", told), "", "", "", "", "yes" if told.tls else "no")


def _address_cells(sheet: Sheet, row: str, peer: Peer | Told) -> tuple[str, ...]:
    port = str(peer.port) if peer.port else ""
    names = (peer.ae_title, peer.application, peer.facility)
    return (sheet.system, row, peer.actor, protocol(peer), *names, peer.host, port)


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would calculate."""
    shown = printable(cell, 4000) if not cell.startswith(_FORMULA[4:]) else cell
    return f"'{shown}" if shown.startswith(_FORMULA) else shown
