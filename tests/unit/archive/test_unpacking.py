"""Archives that anybody may have made: what is no plain file with a plain name is refused."""

from __future__ import annotations

import gzip
import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.archive import Bounds, pack, unpack
from harness.errors import InputError, RecordingError

Change = Callable[[tarfile.TarInfo], None]


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.USTAR_FORMAT) -> Path:
    """An archive of those members, made by Python's own writer."""
    with tarfile.open(path, "w:gz", format=form) as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def member(name: str, content: bytes = b"x", **values: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member with whatever a hostile hand writes into its header."""
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in values.items():
        setattr(info, key, value)
    return info, content


def refused(path: Path, tmp_path: Path, bounds: Bounds | None = None) -> str:
    """Why an archive is refused; nothing of it may stand beside the folder it was unpacked into."""
    folder = tmp_path / "deep" / "into"
    folder.mkdir(parents=True)
    with pytest.raises(RecordingError) as told:
        unpack(path, folder, bounds)
    assert {one for one in tmp_path.rglob("*") if not one.is_relative_to(folder)} == {folder.parent, path}
    return str(told.value)


def test_what_was_packed_comes_out_again(tmp_path: Path) -> None:
    large = random.Random(1).randbytes(3_000_000)
    (tmp_path / "large").write_bytes(large)
    files = {"a/small.txt": b"small", "empty.bin": b"", "large.dcm": tmp_path / "large", "a/b/c": b"deep"}
    packed = pack(tmp_path / "one.tar.gz", "run-1", files)
    assert (packed.files, packed.content) == (4, len(large) + 9)
    root = unpack(packed.path, tmp_path / "out")
    assert root == tmp_path / "out" / "run-1"
    assert (root / "a/small.txt").read_bytes() == b"small"
    assert (root / "large.dcm").read_bytes() == large
    assert (root / "empty.bin").read_bytes() == b""


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    one = pack(tmp_path / "one", "top", {"b": b"2", "a": tmp_path / "file"})
    (tmp_path / "file").touch()
    (tmp_path / "file").chmod(0o600)
    other = pack(tmp_path / "other", "top", {"a": tmp_path / "file", "b": b"2"})
    assert one.path.read_bytes() == other.path.read_bytes()
    assert one.sha256 == other.sha256


def test_other_tools_read_it(tmp_path: Path) -> None:
    name = "evidence/payload/" + "f" * 64 + ".dcm"
    pack(tmp_path / "one", "20260131-101500-3d26b2a2", {name: b"content"})
    with tarfile.open(tmp_path / "one") as tar:
        (only,) = tar.getmembers()
        held = tar.extractfile(only)
        assert held is not None
        assert (only.name, only.mtime, only.uid, held.read()) == (f"20260131-101500-3d26b2a2/{name}", 0, 0, b"content")


@pytest.mark.parametrize(
    "name",
    [
        "../escaped",
        "top/../../escaped",
        "/etc/escaped",
        "top//double",
        "top/./here",
        "top/.hidden",
        "C:/windows",
        "top\\..\\escaped",
        "top/nul.txt",
        "top/COM1",
        "top/ends.",
        "top/\x1b[31mred",
        "top/na\u0308me",
        "alone",
        "a/b/c/d/e/f/g/h/i/j",
    ],
)
def test_a_name_that_could_lead_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path / "bad", member("top/good"), member(name))
    why = refused(path, tmp_path)
    assert "\x1b" not in why
    assert "is a name that no file of a bundle has" in why


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a character device"),
        (tarfile.BLKTYPE, "a block device"),
        (tarfile.FIFOTYPE, "a named pipe"),
        (tarfile.DIRTYPE, "a folder"),
        (tarfile.CONTTYPE, "a contiguous file"),
        (b"Z", "something"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, kind: bytes, words: str) -> None:
    info, _ = member("top/link", b"", type=kind, linkname="/etc/passwd")
    path = archive(tmp_path / "bad", (info, b""))
    assert f"is {words}" in refused(path, tmp_path)


def test_a_link_under_the_type_of_a_file_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "bad", member("top/file", linkname="/etc/passwd"))
    assert "no plain file" in refused(path, tmp_path)


def test_extended_headers_are_refused(tmp_path: Path) -> None:
    info, content = member("top/file", pax_headers={"path": "../../escaped"})
    path = archive(tmp_path / "bad", (info, content), form=tarfile.PAX_FORMAT)
    assert "is an extended header, and no plain file" in refused(path, tmp_path)


def test_long_names_of_gnu_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "bad", member("top/" + "n" * 300), form=tarfile.GNU_FORMAT)
    assert "no ustar header" in refused(path, tmp_path)


@pytest.mark.parametrize("second", ["top/file", "top/FILE", "top/file/below"])
def test_two_files_of_one_name_are_refused(tmp_path: Path, second: str) -> None:
    path = archive(tmp_path / "bad", member("top/file"), member(second, b"other"))
    assert "twice" in refused(path, tmp_path)


def test_a_folder_that_is_a_file_too_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "bad", member("top/a/file"), member("top/a"))
    assert "twice" in refused(path, tmp_path)


def test_a_bomb_is_refused_before_it_is_written(tmp_path: Path) -> None:
    content = bytes(50_000_000)
    path = archive(tmp_path / "bomb", member("top/zeros", content))
    assert path.stat().st_size < 100_000
    assert "more than 1000000 bytes" in refused(path, tmp_path, Bounds(size=1_000_000))
    assert not list((tmp_path / "deep" / "into").iterdir())


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "bad", *(member(f"top/f{number}", b"") for number in range(12)))
    assert "more than 10 files" in refused(path, tmp_path, Bounds(files=10))


def test_zeros_without_end_behind_the_archive_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "bad", member("top/file"))
    path.write_bytes(path.read_bytes() + gzip.compress(bytes(30_000_000)))
    assert "behind the end" in refused(path, tmp_path)


def test_a_second_archive_behind_the_first_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "bad", member("top/file"))
    path.write_bytes(path.read_bytes() + archive(tmp_path / "other", member("top/more")).read_bytes())
    (tmp_path / "other").unlink()
    assert "behind the end" in refused(path, tmp_path)


def test_two_top_folders_are_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "bad", member("one/file"), member("two/file"))
    assert "holds 2 folders" in refused(path, tmp_path)


def changed(path: Path, offset: int, content: bytes, *, summed: bool = True) -> Path:
    """The archive with other bytes in its first header, and with the checksum that fits, or not."""
    plain = bytearray(gzip.decompress(path.read_bytes()))
    plain[offset : offset + len(content)] = content
    if summed:
        total = sum(plain[:148]) + 8 * 32 + sum(plain[156:512])
        plain[148:156] = f"{total:06o}".encode() + b"\0 "
    path.write_bytes(gzip.compress(bytes(plain)))
    return path


@pytest.mark.parametrize(
    ("offset", "content", "summed", "words"),
    [
        (0, b"other", False, "checksum"),
        (257, b"ustar  \0", True, "no ustar header"),
        (124, b"-0000000001\0", True, "not octal"),
        (124, b"\x80" + b"\xff" * 11, True, "not octal"),
        (124, b"77777777777\0", True, "more than"),
        (124, b"00000100000\0", True, "ends in the middle"),
        (20, b"hidden", True, "behind the end of a name"),
        (512 + 100, b"hidden", True, "behind its end"),
    ],
)
def test_a_header_that_is_none_is_refused(
    tmp_path: Path, offset: int, content: bytes, summed: bool, words: str
) -> None:
    path = changed(archive(tmp_path / "bad", member("top/file")), offset, content, summed=summed)
    assert words in refused(path, tmp_path, Bounds(size=1 << 20))


@pytest.mark.parametrize("cut", [0, 1, 10, 40, 100])
def test_what_was_cut_off_is_refused(tmp_path: Path, cut: int) -> None:
    path = archive(tmp_path / "bad", member("top/file", random.Random(2).randbytes(5000)))
    path.write_bytes(path.read_bytes()[:cut])
    assert refused(path, tmp_path)


def test_any_bytes_are_refused_or_read(tmp_path: Path) -> None:
    good = archive(tmp_path / "good", member("top/file", b"content"), member("top/other", b"more"))
    plain = gzip.decompress(good.read_bytes())
    dice = random.Random(3)
    for number in range(300):
        broken = bytearray(plain)
        for _ in range(dice.randrange(1, 6)):
            broken[dice.randrange(1536)] = dice.randrange(256)
        path = tmp_path / f"broken-{number}"
        path.write_bytes(gzip.compress(bytes(broken), 1))
        try:
            root = unpack(path, tmp_path / f"out-{number}")
        except RecordingError:
            continue
        assert root.parent == tmp_path / f"out-{number}"
    assert not (tmp_path / "etc").exists()


def test_a_name_that_no_archive_may_hold_is_told_when_packing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can stand in no bundle"):
        pack(tmp_path / "one", "top", {"../escaped": b""})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_gone_is_told_when_packing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no file of a run"):
        pack(tmp_path / "one", "top", {"gone": tmp_path / "gone"})
    assert list(tmp_path.iterdir()) == []


def test_what_a_link_leads_to_is_not_given_away(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match="but a link"):
        pack(tmp_path / "one", "top", {"link": tmp_path / "link"})


def test_an_archive_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"):
        pack(tmp_path / "no" / "folder", "top", {"a": b""})
