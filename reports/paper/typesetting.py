"""Sets a page as PDF with WeasyPrint. Nothing is fetched: whatever a page refers to beyond itself is refused."""

from __future__ import annotations

import importlib
from typing import Final, Protocol, cast

from harness.errors import InputError

MISSING: Final = (
    "a PDF is set with WeasyPrint, which is not installed: pip install 'swf-harness[pdf]' (see docs/claims.md); "
    "the HTML form needs nothing"
)
INCOMPLETE: Final = (
    "a PDF is set with WeasyPrint, which is installed and cannot load Pango: "
    "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 (see docs/claims.md)"
)


class _Document(Protocol):
    def write_pdf(self) -> bytes: ...


class _Library(Protocol):
    """What is used of WeasyPrint."""

    def HTML(self, *, string: str, url_fetcher: object) -> _Document: ...  # noqa: N802 - WeasyPrint's name

    def URLFetcher(self, *, allowed_protocols: tuple[str, ...]) -> object: ...  # noqa: N802 - WeasyPrint's name


def pdf(page: str) -> bytes:
    """The page as PDF; InputError when WeasyPrint, or what it needs of the system, is not there."""
    page = page.encode("utf-8", "backslashreplace").decode("utf-8")
    library = _library()
    return library.HTML(string=page, url_fetcher=library.URLFetcher(allowed_protocols=())).write_pdf()


def _library() -> _Library:
    try:
        return cast(_Library, importlib.import_module("weasyprint"))
    except ImportError:
        raise InputError(MISSING) from None
    except OSError as error:
        raise InputError(f"{INCOMPLETE} ({str(error).splitlines()[0]})") from None
