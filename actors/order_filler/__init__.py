"""The Department System Scheduler / Order Filler: orders in, worklist out, performed steps followed."""

from actors.order_filler.filler import OrderFiller

__all__ = ["OrderFiller"]
