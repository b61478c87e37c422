"""The relay: bytes pass between two systems unchanged, and are read along and recorded behind.

Each protocol has a tap of its own; what passes does not depend on whether a tap can read it.
"""

from harness.transports.relay.tap import RELAY, Crossing, Ending, How, Links, Side, Tap, TapMaker, Wire

__all__ = ["RELAY", "Crossing", "Ending", "How", "Links", "Side", "Tap", "TapMaker", "Wire"]
