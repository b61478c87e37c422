"""One file that holds many: written so that the same files give the same bytes, read so that nothing in it can do harm.

Knows names, bytes, hashes and signatures; nothing of runs.
"""

from harness.archive.manifest import MANIFEST, Listing, listing_of, read_listing
from harness.archive.packing import Packed, pack
from harness.archive.signature import (
    NAMESPACE,
    Signer,
    Signers,
    fingerprint,
    private_key,
    read_signers,
    sign,
    signer_of,
)
from harness.archive.unpacking import Bounds, unpack

__all__ = [
    "MANIFEST",
    "NAMESPACE",
    "Bounds",
    "Listing",
    "Packed",
    "Signer",
    "Signers",
    "fingerprint",
    "listing_of",
    "pack",
    "private_key",
    "read_listing",
    "read_signers",
    "sign",
    "signer_of",
    "unpack",
]
