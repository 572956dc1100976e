import sys
from pathlib import Path

import pytest

from tools.build import ROOT, BuildError, compiler_of, target_of


def test_local_target_is_this_machine() -> None:
    target = target_of("local")

    assert target.overrides["Runtime"] == f"python3.{sys.version_info.minor}"
    assert target.overrides["Architecture"] in {"x86_64", "arm64"}


def test_aws_target_is_what_samconfig_says() -> None:
    target = target_of("aws")

    assert target.overrides == {"Runtime": "python3.13", "Architecture": "arm64"}
    assert target.override_options == ["--parameter-overrides", "Architecture=arm64", "Runtime=python3.13"]


def test_unknown_environment_is_named() -> None:
    with pytest.raises(BuildError, match="'moon'"):
        target_of("moon")


def test_missing_compiler_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(BuildError, match=r"python3\.99 is not on PATH"):
        compiler_of("python3.99")


def test_a_name_on_path_that_does_not_run_is_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    with pytest.raises(BuildError):
        compiler_of("python3.99")


@pytest.mark.parametrize(
    "pins", ["requirements/dev.txt", "layers/base/requirements.txt", "layers/imaging/requirements.txt"]
)
def test_pins_name_versions_and_no_address(pins: str) -> None:
    lines = (ROOT / pins).read_text().splitlines()

    assert all("==" in line and "/" not in line for line in lines)


@pytest.mark.parametrize("layer", ["base", "imaging"])
def test_layers_hold_what_is_tested(layer: str) -> None:
    installed = set((ROOT / "requirements" / "dev.txt").read_text().splitlines())

    assert set((ROOT / "layers" / layer / "requirements.txt").read_text().splitlines()) <= installed
