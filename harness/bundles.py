"""`swf bundle` and `swf verify`, put together: a run in one file, and what somebody else can say about it.

A bundle is made of what was sealed and of what was judged; nothing of the day or the machine on which it is made gets
into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pydantic import TypeAdapter, ValidationError

from harness.archive import (
    MANIFEST,
    Bounds,
    Listing,
    Packed,
    Signers,
    listing_of,
    pack,
    private_key,
    read_listing,
    sign,
    signer_of,
    unpack,
)
from harness.comparing import Recorded, compare
from harness.engine.claims import EXIT_FAIL, EXIT_PASS, EXIT_UNDECIDED
from harness.engine.judging import Strictness
from harness.engine.runs import judge_again
from harness.engine.storage import MANIFEST as SEAL
from harness.engine.storage import Evidence
from harness.errors import InputError, RecordingError
from harness.model.bundle import (
    Attested,
    BundledRun,
    BundleFacts,
    RunVerified,
    SignatureFound,
    Signed,
    Verified,
)
from harness.model.run import Run
from harness.model.verdict import worst
from harness.wiring import environment, workshop
from reports.json_run import RUN_FILE, read_run

FORMAT: Final = "swf-bundle/1"
SUFFIX: Final = ".swf.tar.gz"
FACTS: Final = "bundle.json"
SIGNATURE: Final = f"{MANIFEST}.sig"
_EVIDENCE = "evidence"
_LEFT_OUT = frozenset({_EVIDENCE, "allure-results", RUN_FILE})
"""What is not taken along as a report: what stands in the bundle by itself, and thousands of small files that
`swf judge` writes again."""

_PLAIN = re.compile(r"[^A-Za-z0-9._-]+")
_RECORDED, _HERE = "as recorded", "judged here"


@dataclass(frozen=True, kw_only=True)
class BundleRequest:
    """What the user asked for. `key` signs the bundle; `passphrase` is asked when it is locked."""

    run: Path
    out: Path | None = None
    key: Path | None = None
    passphrase: Callable[[], str] = str
    reports: bool = True
    force: bool = False


def bundle(request: BundleRequest) -> tuple[Packed, str, BundleFacts]:
    """Write a bundle; the archive, the digest of its manifest, and what it holds. InputError when that cannot be."""
    folders = run_folders(request.run)
    top = _top(request.run, folders)
    out = request.out or Path(f"{request.run.resolve()}{SUFFIX}")
    if out.exists() and not request.force:
        raise InputError(f"{out} exists already; --force writes it anew, --out gives another name")
    key = private_key(request.key, request.passphrase) if request.key is not None else None
    files: dict[str, Path | bytes] = {}
    runs = []
    for name, folder in folders.items():
        within = f"{name}/" if name else ""
        found = dict(_files_of(folder, reports=request.reports))
        files |= {f"{within}{path}": folder / path for path in found}
        runs.append(_facts(name, folder))
    facts = BundleFacts(format=FORMAT, written_by=version("swf-harness"), runs=tuple(runs))
    files[FACTS] = _codec().dump_json(facts, indent=1) + b"\n"
    manifest = _listing(files).text.encode("ascii")
    files[MANIFEST] = manifest
    if key is not None:
        files[SIGNATURE] = sign(manifest, key).encode("ascii")
    return pack(out, top, files), sha256(manifest).hexdigest(), facts


def run_folders(path: Path) -> Mapping[str, Path]:
    """The runs in a folder by their names within it: the folder itself has none. InputError when there is none."""
    if (path / _EVIDENCE).is_dir():
        return {"": path}
    if not path.is_dir():
        raise InputError(f"{path} is no folder of a run")
    found = _runs_in(path)
    if not found:
        raise InputError(f"{path} holds no run: no evidence/ in it, nor in a folder within it")
    return found


def _runs_in(path: Path) -> dict[str, Path]:
    return {one.name: one for one in sorted(path.iterdir()) if (one / _EVIDENCE).is_dir()}


def _top(path: Path, folders: Mapping[str, Path]) -> str:
    """The folder within the bundle: the name that the run was given, else that of its folder."""
    name = Evidence(path).plan().run if "" in folders else path.resolve().name
    return (_PLAIN.sub("-", name).strip(".-")[:60] or "run").strip(".-")


def _files_of(folder: Path, *, reports: bool) -> Iterator[tuple[str, str]]:
    """What is taken along of a run, by name, with its digest; InputError when something is not what it was."""
    evidence = Evidence(folder)
    altered = evidence.altered()
    if altered:
        raise InputError(f"{folder}: the evidence was altered since the run was sealed: {', '.join(altered[:5])}")
    if not (folder / RUN_FILE).is_file():
        raise InputError(f"{folder} was not judged; `swf judge {folder}` does, and writes {RUN_FILE}")
    yield RUN_FILE, ""
    if evidence.sealed:
        yield f"{_EVIDENCE}/{SEAL}", ""
        names: list[str] = list(read_listing(evidence.folder / SEAL).digests)
    else:
        inside = evidence.folder.rglob("*")
        names = [one.relative_to(evidence.folder).as_posix() for one in inside if one.is_file()]
    for name in names:
        yield f"{_EVIDENCE}/{name}", ""
    yield from _reports_of(folder) if reports else ()


def _reports_of(folder: Path) -> Iterator[tuple[str, str]]:
    if not (folder / MANIFEST).is_file():
        return
    written = read_listing(folder / MANIFEST)
    wanted = {name: digest for name, digest in written.digests.items() if name.partition("/")[0] not in _LEFT_OUT}
    try:
        now = listing_of({name: folder / name for name in wanted})
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read; `swf judge {folder}` writes the reports anew") from None
    differing = now.differing(Listing(wanted))
    if differing:
        raise InputError(
            f"{folder / differing[0]} is not as it was written; `swf judge {folder}` writes the reports anew, "
            "--no-reports leaves them out"
        )
    yield from wanted.items()


def _listing(files: Mapping[str, Path | bytes]) -> Listing:
    held = {name: sha256(one).hexdigest() for name, one in files.items() if isinstance(one, bytes)}
    try:
        return Listing(
            {**held, **listing_of({name: one for name, one in files.items() if isinstance(one, Path)}).digests}
        )
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}") from None


def _facts(name: str, folder: Path) -> BundledRun:
    run, evidence = read_run(folder / RUN_FILE), Evidence(folder)
    return BundledRun(
        folder=name,
        run=run.plan.run,
        started=run.plan.started,
        seed=run.plan.seed,
        defect=run.plan.defect,
        watched=run.plan.watching is not None,
        sealed=evidence.sealed,
        interrupted=run.interrupted,
        systems=tuple(system.name for system in run.plan.systems),
        plays=len(run.plays),
        exchanges=len(evidence.transcript().exchanges),
        verdict=run.verdict,
        exit_code=run.exit_code,
        checks=run.checks,
        believed=run.believed,
        strict=run.strict,
        least=run.least,
        judged_by=run.rule_set or run.plan.rule_set,
        planned_by=run.plan.rule_set,
        harness_version=run.plan.harness_version,
        environment=run.environment,
        overrides=run.overrides,
        known=run.gate.uses,
        operator=tuple(_attested(run)),
    )


def _attested(run: Run) -> Iterator[Attested]:
    for play in run.plays:
        for step in play.steps:
            if step.operator:
                yield Attested(play=play.play, step=step.step, said=step.operator)


@cache
def _codec() -> TypeAdapter[BundleFacts]:
    return TypeAdapter(BundleFacts)


# verify


@dataclass(frozen=True, kw_only=True)
class VerifyRequest:
    """What the user asked for: the keys that a signer must have, where to unpack, and how much may be in there."""

    bundle: Path
    signers: Signers | None = None
    folder: Path | None = None
    bounds: Bounds = field(default_factory=Bounds)


def verify(request: VerifyRequest) -> tuple[Verified, int]:
    """Check a bundle, and judge it again; with the exit code. RecordingError when it is none that can be read."""
    if request.folder is not None and request.folder.exists():
        raise InputError(f"{request.folder} exists already; give a folder that does not")
    with _scratch(request.folder) as scratch:
        root = unpack(request.bundle, scratch, request.bounds)
        checked = _checked(root, request)
        if not checked.intact:
            return checked, EXIT_UNDECIDED
        facts = _read_facts(root / FACTS)
        runs = tuple(_judged(root / one.folder if one.folder else root, one) for one in facts.runs)
    found = Verified(
        bundle=checked.bundle,
        digest=checked.digest,
        files=checked.files,
        altered=checked.altered,
        signature=checked.signature,
        facts=facts,
        runs=runs,
    )
    if not found.intact:
        return found, EXIT_UNDECIDED
    return found, EXIT_PASS if all(run.same for run in runs) else EXIT_FAIL


@contextmanager
def _scratch(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise InputError(f"{folder} cannot be made: {error.strerror}") from None
        yield folder
        return
    with TemporaryDirectory(prefix="swf-bundle-") as made:
        yield Path(made)


def _checked(root: Path, request: VerifyRequest) -> Verified:
    """The manifest held against the files, and the signature against the manifest."""
    manifest = root / MANIFEST
    if not manifest.is_file() or not (root / FACTS).is_file():
        raise RecordingError(f"{request.bundle} is no bundle: it has no {MANIFEST}, or no {FACTS}")
    apart = (MANIFEST, SIGNATURE)
    inside = {one.relative_to(root).as_posix(): one for one in root.rglob("*") if one.is_file()}
    now = listing_of({name: one for name, one in inside.items() if name not in apart})
    content = manifest.read_bytes()
    return Verified(
        bundle=str(request.bundle),
        digest=sha256(content).hexdigest(),
        files=len(inside),
        altered=now.differing(read_listing(manifest)),
        signature=_signature(content, root / SIGNATURE, request.signers),
    )


def _signature(manifest: bytes, path: Path, signers: Signers | None) -> SignatureFound:
    wanted = signers is not None
    if not path.is_file():
        return SignatureFound(state=Signed.NOT, wanted=wanted)
    try:
        signer = signer_of(manifest, path.read_text(encoding="ascii", errors="replace"))
    except RecordingError as error:
        return SignatureFound(state=Signed.WRONGLY, wanted=wanted, why=str(error))
    if signers is None:
        return SignatureFound(state=Signed.BY_SOMEBODY, fingerprint=signer.fingerprint)
    known = signers.knows(signer)
    if known is None:
        return SignatureFound(state=Signed.BY_STRANGER, wanted=True, fingerprint=signer.fingerprint)
    return SignatureFound(state=Signed.BY_KNOWN, wanted=True, signer=known.name, fingerprint=signer.fingerprint)


def _read_facts(path: Path) -> BundleFacts:
    try:
        facts = _codec().validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise RecordingError(f"{FACTS} cannot be read: {str(error).splitlines()[0]}") from None
    if facts.format != FORMAT:
        raise RecordingError(f"the bundle is laid out as {facts.format[:40]!r}; this harness reads {FORMAT}")
    if not facts.runs or any(_PLAIN.search(one.folder) for one in facts.runs):
        raise RecordingError(f"{FACTS} names no run, or one in a folder that cannot be")
    return facts


def _judged(folder: Path, facts: BundledRun) -> RunVerified:
    """A run of the bundle, judged by the rules of this machine and as severely as it was."""
    recorded = read_run(folder / RUN_FILE)
    shop = workshop()
    strictness = Strictness(strict=recorded.strict, least=recorded.least)
    now, read, altered = judge_again(folder, shop.knowledge, strictness, environment())
    before = Recorded(run=recorded, read=read)
    told = compare(before, Recorded(run=now, read=read), (_RECORDED, _HERE), messages=False)
    if facts.verdict is not worst(play.verdict for play in recorded.plays):
        raise RecordingError(f"{FACTS} and {RUN_FILE} do not tell the same verdict of {facts.run[:60]!r}")
    return RunVerified(folder=facts.folder, altered=tuple(altered), sealed=Evidence(folder).sealed, comparison=told)


@contextmanager
def opened_run(path: Path, bounds: Bounds | None = None) -> Iterator[Path]:
    """The folder of a run: of one that is given as such, or of the only one in a bundle, which is unpacked meanwhile.

    RecordingError or InputError when there is none, or when the bundle is not as its manifest says.
    """
    if not path.is_file():
        if path.is_dir() and not (path / _EVIDENCE).is_dir() and len(found := _runs_in(path)) > 0:
            raise InputError(f"{path} holds runs in folders of its own: {', '.join(found)}; give one of them")
        yield path
        return
    with TemporaryDirectory(prefix="swf-bundle-") as made:
        request = VerifyRequest(bundle=path)
        root = unpack(path, Path(made), bounds)
        checked = _checked(root, request)
        if not checked.intact:
            raise RecordingError(f"{path} was altered, or its signature is not good; `swf verify {path}` says more")
        facts = _read_facts(root / FACTS)
        if len(facts.runs) > 1:
            names = ", ".join(one.folder for one in facts.runs)
            raise InputError(
                f"{path} holds several runs ({names}); `swf verify {path} --unpack DIR` makes folders of them"
            )
        yield root / facts.runs[0].folder
