"""The words of the harness as frozen dataclasses and enums; standard library only, no behaviour beyond their data."""
