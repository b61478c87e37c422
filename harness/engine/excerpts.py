"""Where in its file a finding stands: the line of an HL7 segment, its text, and the value in it."""

from __future__ import annotations

from harness.engine.loose_reading import Found, lines_of
from harness.hl7 import FieldPath, Message, Segment, parse_path
from harness.model.checked import CheckedFinding, Excerpt
from harness.model.run import JudgedFinding
from harness.model.verdict import Verdict


def placed(judged: JudgedFinding, found: Found) -> CheckedFinding:
    """The finding with its place in the file that the message was found in."""
    evidence = judged.finding.evidence
    told = judged.warning or judged.verdict.rank > Verdict.PASS.rank
    if found.loose.dicom or evidence is None or not evidence.path or not told:
        return CheckedFinding(judged=judged)
    try:
        path = parse_path(evidence.path)
    except ValueError:
        return CheckedFinding(judged=judged)
    message = found.loose.message
    segment = _segment(message, path)
    if segment is None:
        return CheckedFinding(judged=judged, line=found.line)
    lines = dict(zip((one.start for one in message.segments), lines_of(found), strict=True))
    return CheckedFinding(judged=judged, line=lines[segment.start], excerpt=_excerpt(message, segment, path))


def _segment(message: Message, path: FieldPath) -> Segment | None:
    named = [segment for segment in message.segments if segment.name == path.segment]
    number = max(path.occurrence, 1)
    return named[number - 1] if len(named) >= number else None


def _excerpt(message: Message, segment: Segment, path: FieldPath) -> Excerpt:
    """The segment as text; the mark stands on the value, or where it should be."""
    decode = message.charset.decode
    start, end = segment.start, segment.end
    if path.field:
        hit = next((one for one in message.located(path) if segment.start <= one.start <= segment.end), None)
        span = (hit.start, hit.end) if hit is not None else segment.span(path.field)
        start, end = span or (segment.end, segment.end)
    before, value = decode(message.raw[segment.start : start]), decode(message.raw[start:end])
    return Excerpt(
        text=before + value + decode(message.raw[end : segment.end]), start=len(before), end=len(before) + len(value)
    )
