"""Command hooks: what is started, what it is told, and what comes back, however it ends."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from harness.model.system import Hook
from harness.transports.hooks import HookResult, environment, run_hook


def script(folder: Path, text: str, name: str = "act.py") -> Hook:
    (folder / name).write_text(text)
    return Hook(command=(name,), timeout=20)


def run(folder: Path, text: str, facts: dict[str, object] | None = None) -> HookResult:
    return run_hook(script(folder, text), facts or {}, base=folder)


def test_python_file_beside_the_system_file(tmp_path: Path) -> None:
    result = run(tmp_path, "print('acted')")
    assert (result.ok, result.code, result.reason) == (True, 0, "exit code 0")
    assert result.output == "acted\n"
    assert 0 < result.seconds < 20


def test_facts_on_standard_input_and_as_variables(tmp_path: Path) -> None:
    text = "import sys, os, json\nprint(json.dumps([json.load(sys.stdin), os.environ['SWF_PATIENT_PATIENT_ID']]))\n"
    facts = {"patient": {"PatientID": "P1", "name": "M\u00fcller"}, "steps": ("a", "b")}
    told, variable = json.loads(run(tmp_path, text, facts).output)
    assert told == {"patient": {"PatientID": "P1", "name": "M\u00fcller"}, "steps": ["a", "b"]}
    assert variable == "P1"


def test_names_and_values_of_variables() -> None:
    facts: dict[str, object] = {
        "Order Filler": {"ae-title": "RIS", "port": 104},
        "StudyInstanceUID": "1.2",
        "instances": ["1", "2"],
        "urgent": True,
        "none": None,
        "nul": "a\0b",
        "long": "x" * 100_000,
    }
    assert environment(facts) == {
        "SWF_ORDER_FILLER_AE_TITLE": "RIS",
        "SWF_ORDER_FILLER_PORT": "104",
        "SWF_STUDY_INSTANCE_UID": "1.2",
        "SWF_INSTANCES": '["1", "2"]',
        "SWF_URGENT": "true",
        "SWF_NONE": "",
        "SWF_NUL": "ab",
    }


def test_arguments_never_meet_a_shell(tmp_path: Path) -> None:
    hook = Hook(command=(*script(tmp_path, "import sys; print(sys.argv[1:])").command, "$HOME; ls *", "`id`"))
    assert run_hook(hook, {}, base=tmp_path).output == "['$HOME; ls *', '`id`']\n"


def test_exit_code_and_both_streams(tmp_path: Path) -> None:
    result = run(tmp_path, "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)")
    assert (result.ok, result.code, result.reason) == (False, 3, "exit code 3")
    assert result.output == "out\n\nerr\n"


def test_hook_ended_by_a_signal(tmp_path: Path) -> None:
    result = run(tmp_path, "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
    assert (result.ok, result.reason) == (False, f"ended by signal {int(signal.SIGTERM)}")


def test_output_is_bounded_and_its_tail_kept(tmp_path: Path) -> None:
    result = run(tmp_path, "print('x' * 1_000_000); print('end')")
    assert len(result.output) == 64 * 1024
    assert result.output.endswith("x\nend\n")


def test_output_that_is_no_text(tmp_path: Path) -> None:
    result = run(tmp_path, "import sys; sys.stdout.buffer.write(bytes([0xff, 65]))")
    assert result.output == "\ufffdA"


def test_hook_that_does_not_read_its_input(tmp_path: Path) -> None:
    result = run(tmp_path, "pass", {"much": "x" * 1_000_000})
    assert result.ok


def test_timeout_kills_the_whole_process_group(tmp_path: Path) -> None:
    hook = Hook(command=("/bin/sh", "-c", "sleep 60 & echo $!; wait"))
    result = run_hook(hook, {}, base=tmp_path, timeout=1.0)
    assert (result.ok, result.reason) == (False, "timed out after 1 s")
    assert result.seconds < 10
    assert not alive(int(result.output))


def alive(pid: int) -> bool:
    """Whether the process still runs; one that was killed may stay in the table until it is reaped."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state in "ZX":
            return False
    return True


def test_background_process_may_outlive_the_hook(tmp_path: Path) -> None:
    text = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait(30)'])\n"
        "print(child.pid)\n"
    )
    result = run(tmp_path, text)
    pid = int(result.output)
    try:
        assert result.ok
        assert result.seconds < 10
        os.kill(pid, 0)
    finally:
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("command", ["no-such-program-here", "/no/such/file.py", "nul\0name", "x" * 5000])
def test_not_found(tmp_path: Path, command: str) -> None:
    result = run_hook(Hook(command=(command,)), {}, base=tmp_path)
    assert (result.ok, result.code, result.reason) == (False, -1, f"not found: {command}")


def test_not_executable(tmp_path: Path) -> None:
    (tmp_path / "act.sh").write_text("#!/bin/sh\n")
    result = run_hook(Hook(command=("act.sh",)), {}, base=tmp_path)
    assert (result.ok, result.reason) == (False, "not executable: act.sh")


def test_executable_that_is_no_program(tmp_path: Path) -> None:
    program = tmp_path / "act"
    program.write_bytes(b"\x7fELF nonsense")
    program.chmod(0o755)
    result = run_hook(Hook(command=("act",)), {}, base=tmp_path)
    assert not result.ok
    assert result.reason.startswith("cannot start act: ")


def test_program_of_the_path(tmp_path: Path) -> None:
    hook = Hook(command=(sys.executable, "-c", "print(1)"))
    assert run_hook(hook, {}, base=tmp_path).output == "1\n"


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "file:///etc/hosts", "http://", "http://h:x/", "act"])
def test_not_an_http_address(tmp_path: Path, address: str) -> None:
    result = run_hook(Hook(http=address), {}, base=tmp_path)
    assert not result.ok
    assert result.reason.startswith("not an http address")
