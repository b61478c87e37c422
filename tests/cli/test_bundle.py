"""`swf bundle` and `swf verify`: a run in one file, checked and judged again as somebody else would."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

Swf = Any
Ended = Any


@pytest.fixture
def copy(scheduled: tuple[Path, Ended], tmp_path: Path) -> Path:
    """A finished run that may be altered."""
    return Path(shutil.copytree(scheduled[0], tmp_path / "run"))


@pytest.fixture
def bundle(swf: Swf, scheduled: tuple[Path, Ended], tmp_path: Path) -> Path:
    """A bundle of a finished run, not signed."""
    path = tmp_path / "one.swf.tar.gz"
    assert swf("bundle", str(scheduled[0]), "--out", str(path)).code == 0
    return path


def keys(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """A private key and its public one, as files."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / name, folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    line = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + f" {name}@example.org\n".encode()
    public.write_bytes(line)
    return private, public


def changed(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """The bundle with other files in it, packed anew."""
    with tarfile.open(path) as tar:
        files = {one.name: tar.extractfile(one).read() for one in tar.getmembers()}  # type: ignore[union-attr]
    change(files)
    with (
        gzip.open(path, "wb") as raw,
        tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def named(files: dict[str, bytes], end: str) -> str:
    """The first file whose name ends so."""
    return next(name for name in files if name.endswith(end))


def test_a_bundle_is_verified_and_judged_to_the_same_verdicts(swf: Swf, bundle: Path) -> None:
    ended = swf("verify", str(bundle))
    assert ended.code == 0
    assert "every file is as the manifest says" in ended.out
    assert "not signed" in ended.out
    assert "judged again by the same rules" in ended.out
    assert "every verdict and every finding is the same: PASS" in ended.out


def test_the_same_run_gives_the_same_bytes(swf: Swf, scheduled: tuple[Path, Ended], copy: Path, bundle: Path) -> None:
    assert swf("bundle", "run").code == 0
    assert (copy.parent / "run.swf.tar.gz").read_bytes() == bundle.read_bytes()


def test_it_says_what_it_holds(swf: Swf, bundle: Path, tmp_path: Path) -> None:
    assert swf("verify", str(bundle), "--unpack", "kept").code == 0
    (top,) = (tmp_path / "kept").iterdir()
    facts = json.loads((top / "bundle.json").read_bytes())
    (run,) = facts["runs"]
    recorded = json.loads((top / "run.json").read_bytes())
    assert run["verdict"] == recorded["verdict"] == "pass"
    assert run["judged_by"] == run["planned_by"] == recorded["plan"]["rule_set"] == recorded["rule_set"]
    assert set(run["environment"]) >= {"python", "pydicom", "swf-harness"}
    assert (run["strict"], run["least"], run["sealed"]) == (False, "believed", True)
    assert (top / "report.html").is_file()
    assert (top / "junit.xml").is_file()
    assert not (top / "allure-results").exists()
    assert swf("judge", str(top)).code == 0


def test_reports_are_left_out_when_told_so(swf: Swf, copy: Path, tmp_path: Path) -> None:
    assert swf("bundle", "run", "--no-reports").code == 0
    assert swf("verify", "run.swf.tar.gz", "--unpack", "kept").code == 0
    assert not list((tmp_path / "kept").rglob("*.html"))


def test_as_severely_as_it_was_judged(swf: Swf, copy: Path) -> None:
    assert swf("judge", "run", "--confidence", "verified", "--strict").code == 0
    assert swf("bundle", "run").code == 0
    ended = swf("verify", "run.swf.tar.gz", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["facts"]["runs"][0]["least"] == "verified"


def test_several_runs_are_one_bundle(swf: Swf, scheduled: tuple[Path, Ended], tmp_path: Path) -> None:
    for name in ("none", "reference"):
        shutil.copytree(scheduled[0], tmp_path / "matrix" / name)
    assert swf("bundle", "matrix").code == 0
    ended = swf("verify", "matrix.swf.tar.gz")
    assert ended.code == 0
    assert "none: every verdict and every finding is the same" in ended.out
    assert "reference: every verdict and every finding is the same" in ended.out
    told = swf("replay", "matrix.swf.tar.gz", "1", "--to", "127.0.0.1:9")
    assert told.code == 3
    assert "several runs (none, reference)" in told.err


# what was altered


@pytest.mark.parametrize(
    "end", ["transcript.jsonl", "plan.json", ".hl7", ".dcm", "run.json", "bundle.json", "report.html"]
)
def test_an_altered_file_is_named_and_nothing_judged(swf: Swf, bundle: Path, end: str) -> None:
    names = []

    def alter(files: dict[str, bytes]) -> None:
        name = named(files, end)
        names.append(name)
        files[name] = files[name][:-1] + b" "

    ended = swf("verify", str(changed(bundle, alter)))
    assert ended.code == 2
    assert f"ALTERED: {names[0].partition('/')[2]}" in ended.out
    assert "nothing was judged" in ended.out


def test_a_file_too_many_or_too_few_is_named(swf: Swf, bundle: Path) -> None:
    gone = []

    def swap(files: dict[str, bytes]) -> None:
        name = named(files, ".hl7")
        gone.append(name.partition("/")[2])
        del files[name]
        files[name.partition("/")[0] + "/smuggled.txt"] = b"x"

    ended = swf("verify", str(changed(bundle, swap)))
    assert ended.code == 2
    assert gone[0] in ended.out
    assert "smuggled.txt" in ended.out


def with_manifest(files: dict[str, bytes]) -> None:
    """Write the manifest that fits: what a forger does."""
    top = next(iter(files)).partition("/")[0]
    apart = ("manifest.sha256", "manifest.sha256.sig")
    lines = [
        f"{hashlib.sha256(content).hexdigest()}  {name.partition('/')[2]}\n"
        for name, content in files.items()
        if name.partition("/")[2] not in apart
    ]
    files[f"{top}/manifest.sha256"] = "".join(sorted(lines, key=lambda line: line[66:])).encode()


def test_a_verdict_that_was_made_up_is_not_repeated(swf: Swf, bundle: Path) -> None:
    def forge(files: dict[str, bytes]) -> None:
        name = named(files, "/run.json")
        data = json.loads(files[name])
        data["plays"][0]["steps"][1]["verdict"] = "inconclusive"
        files[name] = json.dumps(data).encode()
        with_manifest(files)

    ended = swf("verify", str(changed(bundle, forge)))
    assert ended.code == 1
    assert "NOT THE SAME" in ended.out
    assert "inconclusive -> pass" in ended.out


def test_evidence_that_does_not_fit_its_own_seal_is_told(swf: Swf, bundle: Path) -> None:
    def forge(files: dict[str, bytes]) -> None:
        files[named(files, "transcript.jsonl")] += b"\n"
        with_manifest(files)

    ended = swf("verify", str(changed(bundle, forge)))
    assert ended.code == 2
    assert "the evidence was altered since the run was sealed: transcript.jsonl" in ended.out


def test_rules_that_are_others_are_told_with_what_changed(swf: Swf, bundle: Path) -> None:
    def age(files: dict[str, bytes]) -> None:
        name = named(files, "/run.json")
        data = json.loads(files[name])
        old = data["rule_set"]
        first = next(iter(data["tables"]["requirements"]))
        data["tables"]["requirements"][first]["text"] = "said \x1b[31motherwise"
        files[name] = json.dumps(data).replace(old, "0" * 64).encode()
        facts = named(files, "bundle.json")
        files[facts] = files[facts].replace(old.encode(), b"0" * 64)
        with_manifest(files)

    ended = swf("verify", str(changed(bundle, age)))
    assert ended.code == 0
    assert "judged again by other rules: 000000000000 then" in ended.out
    assert "Rules that differ (1)" in ended.out
    assert "said \\x1b[31motherwise" in ended.out
    assert "\x1b" not in ended.out


# signatures


def test_a_signed_bundle_is_known_by_its_key(swf: Swf, copy: Path, tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    _, other = keys(tmp_path, "other")
    assert swf("bundle", "run", "--sign", str(private)).code == 0
    known = swf("verify", "run.swf.tar.gz", "--signer", str(public))
    assert known.code == 0
    assert "signed by key@example.org (SHA256:" in known.out
    stranger = swf("verify", "run.swf.tar.gz", "--signer", str(other))
    assert stranger.code == 2
    assert "not among those given" in stranger.out
    assert "nothing was judged" in stranger.out
    somebody = swf("verify", "run.swf.tar.gz")
    assert somebody.code == 0
    assert "signed; no keys were given to know the signer by (SHA256:" in somebody.out


def test_a_signature_that_is_demanded_has_to_be_there(swf: Swf, bundle: Path, tmp_path: Path) -> None:
    _, public = keys(tmp_path)
    ended = swf("verify", str(bundle), "--signer", str(public))
    assert ended.code == 2
    assert "not signed; one of the keys given has to have signed" in ended.out


def test_a_signature_of_another_manifest_is_no_good(swf: Swf, copy: Path, tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    assert swf("bundle", "run", "--sign", str(private)).code == 0

    def forge(files: dict[str, bytes]) -> None:
        files[named(files, "/junit.xml")] += b"\n"
        with_manifest(files)

    path = changed(tmp_path / "run.swf.tar.gz", forge)
    for more in ((), ("--signer", str(public))):
        ended = swf("verify", str(path), *more)
        assert ended.code == 2
        assert "the signature is not good: the signature is not of this content" in ended.out


def test_a_key_that_is_none_is_told_before_anything_is_written(swf: Swf, copy: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key", encoding="ascii")
    ended = swf("bundle", "run", "--sign", "key")
    assert ended.code == 3
    assert "no key that can be read" in ended.err
    assert not (tmp_path / "run.swf.tar.gz").exists()


@pytest.mark.parametrize("name", ["/run.json", "bundle.json", "plan.json"])
@pytest.mark.parametrize("content", [b"[" * 200_000, b"{}", b"null", b"\xff", b'{"format": 7}'])
def test_data_that_is_none_is_told_in_one_line(swf: Swf, bundle: Path, name: str, content: bytes) -> None:
    def forge(files: dict[str, bytes]) -> None:
        files[named(files, name)] = content
        for seal in [one for one in files if one.endswith("evidence/manifest.sha256")]:
            del files[seal]
        with_manifest(files)

    ended = swf("verify", str(changed(bundle, forge)))
    assert ended.code == 3
    assert len(ended.err.strip().splitlines()) == 1
    assert "Traceback" not in ended.err


# what cannot be bundled or verified


def test_a_bundle_that_is_there_is_not_written_over(swf: Swf, copy: Path) -> None:
    assert swf("bundle", "run").code == 0
    ended = swf("bundle", "run")
    assert ended.code == 3
    assert "exists already" in ended.err
    assert swf("bundle", "run", "--force").code == 0


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("evidence/transcript.jsonl", "altered since the run was sealed: transcript.jsonl"),
        ("report.html", "is not as it was written"),
        ("junit.xml", "is not as it was written"),
    ],
)
def test_what_was_altered_is_not_bundled(swf: Swf, copy: Path, name: str, words: str) -> None:
    with (copy / name).open("ab") as file:
        file.write(b"\n")
    ended = swf("bundle", "run")
    assert ended.code == 3
    assert words in ended.err


def test_a_run_that_was_not_judged_is_not_bundled(swf: Swf, copy: Path) -> None:
    (copy / "run.json").unlink()
    ended = swf("bundle", "run")
    assert ended.code == 3
    assert "was not judged; `swf judge run` does" in ended.err


def test_a_folder_without_a_run_is_told(swf: Swf, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no run" in swf("bundle", "empty").err
    assert "is no folder of a run" in swf("bundle", "gone").err


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1f\x8b", bytes(2000), b"not an archive"])
def test_what_is_no_bundle_is_told_in_one_line(swf: Swf, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    for command in (("verify", "file"), ("diff", "file", "file"), ("replay", "file", "1", "--to", "127.0.0.1:9")):
        ended = swf(*command)
        assert ended.code == 3
        assert len(ended.err.strip().splitlines()) == 1
        assert "Traceback" not in ended.err


def test_links_in_a_bundle_are_refused_and_nothing_is_left(swf: Swf, bundle: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad", "w:gz", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("run/evidence/payload")
        info.type, info.linkname = tarfile.SYMTYPE, "/tmp"
        tar.addfile(info)
    ended = swf("verify", "bad")
    assert ended.code == 3
    assert "is a symbolic link, and no plain file" in ended.err


def test_a_bound_on_what_it_may_hold_is_kept(swf: Swf, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bomb", "w:gz", format=tarfile.USTAR_FORMAT) as tar:
        info = tarfile.TarInfo("run/zeros")
        info.size = (1 << 30) + 1
        with Path("/dev/zero").open("rb") as zeros:
            tar.addfile(info, zeros)
    ended = swf("verify", "bomb", "--most", "1")
    assert ended.code == 3
    assert "more than 1073741824 bytes; --most allows more" in ended.err


def test_a_folder_that_exists_is_not_unpacked_into(swf: Swf, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    assert swf("verify", str(bundle), "--unpack", "kept").code == 3
