"""Which segments of a message belong together: those between one leading segment and the next.

The groups of the base standard's structures are told by the segments that begin them: ORC an order, RGS a resource
group, PID a patient, OBR a report without ORC. Nothing is judged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from harness.hl7 import FieldPath, Message, Segment

_PATIENT = "PID"
_LEADERS = ("ORC", "RGS", "OBR", _PATIENT)
"""Segments that begin a group, the innermost first; one that comes once begins none."""


class Groups:
    """The segments of one message by name, and which of them stand in one group."""

    def __init__(self, message: Message) -> None:
        self._at: dict[str, list[int]] = {}
        self._named: dict[str, list[Segment]] = {}
        for place, segment in enumerate(message.segments):
            self._at.setdefault(segment.name, []).append(place)
            self._named.setdefault(segment.name, []).append(segment)
        inner = next((self._at[name] for name in _LEADERS if len(self._at.get(name, ())) > 1), [])
        patients = self._at.get(_PATIENT, [])
        self._starts = sorted({*inner, *patients}) if len(patients) > 1 else inner

    def count(self, segment: str) -> int:
        """How many segments of that name the message has."""
        return len(self._at.get(segment, ()))

    def of(self, name: str) -> list[Segment]:
        """The segments of a name in order."""
        return self._named.get(name, [])

    def bound(self, target: FieldPath, occurrence: int) -> FieldPath:
        """A path in one occurrence of its segment, written without it where there is one only."""
        return target.at(occurrence if self.count(target.segment) > 1 else 0, target.repetition)

    def beside(self, segment: str, occurrence: int, other: str) -> range:
        """The occurrences of another segment that belong to one: in its group, or before all groups."""
        places = self._at.get(other, [])
        if len(places) < 2 or not self._starts:
            return range(1, len(places) + 1)
        here = self._at[segment][occurrence - 1]
        group = bisect_right(self._starts, here)
        lowest = bisect_left(places, self._starts[group - 1]) if group else 0
        highest = bisect_left(places, self._starts[group]) if group < len(self._starts) else len(places)
        if lowest == highest and other == _PATIENT:
            before = bisect_right(places, here)
            return range(max(before, 1), before + 1)
        return range(lowest + 1, highest + 1)

    def led_by(self, leader: str) -> tuple[dict[str, int], ...]:
        """For each segment of a name, how often each segment occurs from it to the next one of the name."""
        starts = self._at.get(leader, [])
        counts: list[dict[str, int]] = [{} for _ in starts]
        for name, places in self._at.items():
            for place in places:
                group = bisect_right(starts, place) - 1
                if group >= 0:
                    counts[group][name] = counts[group].get(name, 0) + 1
        return tuple(counts)
