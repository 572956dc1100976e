import importlib.util
import subprocess
import sys
from pathlib import Path

from tools.layer import compile_all, copy_package, trim


def test_package_is_copied_as_py_files_alone(tmp_path: Path) -> None:
    source = tmp_path / "shared"
    (source / "domain").mkdir(parents=True)
    (source / "Makefile").write_text("build:")
    (source / "py.typed").touch()
    (source / "domain" / "job.py").write_text("x = 1\n")

    copy_package(source, tmp_path / "layer")

    copied = [path.relative_to(tmp_path / "layer") for path in (tmp_path / "layer").rglob("*") if path.is_file()]
    assert copied == [Path("domain/job.py")]


def test_what_no_function_reads_is_dropped(tmp_path: Path) -> None:
    kept, test, stub = (tmp_path / "numpy" / name for name in ("core.py", "tests/test_core.py", "core.pyi"))
    test.parent.mkdir(parents=True)
    for path in (kept, test, stub):
        path.touch()

    trim(tmp_path)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]


def test_pyc_is_used_whatever_the_time_of_its_source(tmp_path: Path) -> None:
    source = tmp_path / "answer.py"
    source.write_text("value = 42\n")
    compile_all(tmp_path, sys.executable)

    source.write_text("value = 0\n")

    asked = subprocess.run(
        [sys.executable, "-c", "import answer; print(answer.value)"],
        cwd=tmp_path, env={}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert asked.stdout == "42\n"
    assert Path(importlib.util.cache_from_source(source.name)).name in {p.name for p in tmp_path.rglob("*.pyc")}
