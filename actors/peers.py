"""The names of the actors that our actors register as, or reach through their world."""

from __future__ import annotations

from harness.model.names import ActorName

ADT = ActorName("ADT")
ORDER_PLACER = ActorName("Order Placer")
ORDER_FILLER = ActorName("Order Filler")
PPS_MANAGER = ActorName("PPS Manager")
MODALITY = ActorName("Modality")
IMAGE_MANAGER = ActorName("Image Manager")
EVIDENCE_CREATOR = ActorName("Evidence Creator")
REPORT_CREATOR = ActorName("Report Creator")
REPORT_MANAGER = ActorName("Report Manager")
REPORT_REPOSITORY = ActorName("Report Repository")
REPORT_READER = ActorName("Report Reader")
EXTERNAL_REPORT_REPOSITORY_ACCESS = ActorName("External Report Repository Access")
ENTERPRISE_REPORT_REPOSITORY = ActorName("Enterprise Report Repository")
