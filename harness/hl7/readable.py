"""Whether a receiver can make sense of a message at all: a header, separators that tell parts apart, a known version.

What the segments say is for whoever takes the message.
"""

from __future__ import annotations

import re

from harness.hl7.acknowledgement import AckError
from harness.hl7.message import Message

_VERSION = re.compile(r"2\.([1-9])(\.\d+)*")


def unreadable(message: Message) -> AckError | None:
    """Why the message has to be rejected whatever it says; None when it can be read (HL7 table 0357).

    A version higher than ours is read (RAD TF-2: 2.4), one that is none of HL7 v2 is not.
    """
    if message.header < 0:
        return AckError(location="MSH^1", code="100", text="No MSH segment")
    delimiters = message.delimiters
    if not delimiters.component or not delimiters.repetition:
        return AckError(location="MSH^1^2", code="102", text="Encoding characters cannot be told apart")
    if message.version and _VERSION.fullmatch(message.version.strip()) is None:
        return AckError(location="MSH^1^12", code="203", text="Version not supported")
    return None
