"""Fill one Lambda layer: install its packages (or copy our own), drop what no function reads, compile to .pyc."""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

# Published without a wheel, and pure Python as long as its build finds no libvips to compile against.
SOURCE_ONLY = "pyvips"

# The image wheels need glibc 2.28; Amazon Linux 2023 has 2.34.
MANYLINUX = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}

# Nothing here is imported by `import numpy`, Pillow or pyvips: compilers' inputs, type stubs, tests, Tk.
NEVER_READ = (
    "bin",
    "**/tests",
    "**/*.pyi",
    "**/*.pxd",
    "**/*.a",
    "**/*.c",
    "**/*.h",
    "numpy/_core/include",
    "numpy/f2py",
    "numpy/random/_examples",
    "numpy/testing",
    "PIL/_imagingtk*",
)


def install(requirements: Path, into: Path, runtime: str, architecture: str, is_native: bool) -> None:
    """Install pinned requirements without their dependencies, which the compiled file already lists."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile", "--no-warn-conflicts"]
    wheels = ["--only-binary", ":all:", "--no-binary", SOURCE_ONLY]
    platform = [] if is_native else _platform_options(runtime, architecture)
    environment = {**os.environ, "PKG_CONFIG": "false", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [*pip, *wheels, *platform, "--target", str(into), "--requirement", str(requirements)]
    subprocess.run(command, env=environment, check=True)


def _platform_options(runtime: str, architecture: str) -> list[str]:
    tags = [f"{tag}_{MACHINES[architecture]}" for tag in MANYLINUX]
    options = ["--implementation", "cp", "--python-version", runtime.removeprefix("python")]
    return options + [word for tag in tags for word in ("--platform", tag)]


def copy_package(source: Path, into: Path) -> None:
    """Copy the .py files of a package."""
    for path in sorted(source.rglob("*.py")):
        target = into / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def trim(root: Path) -> None:
    """Remove what no function reads at run time."""
    for pattern in NEVER_READ:
        for path in sorted(root.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def compile_all(root: Path, compiler: str) -> None:
    """Compile to .pyc that stay valid when a zip resets the file times (it dates everything 1980)."""
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", "/opt/python"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPYCACHEPREFIX"}
    command = [compiler, "-m", "compileall", "-q", *options, str(root)]
    subprocess.run(command, env={**environment, "PYTHONHASHSEED": "0"}, check=True)


def main(argv: list[str] | None = None) -> None:
    """Called by the layers' makefiles with the options that tools/build.py put into BUILD_LAYER."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--architecture", required=True, choices=MACHINES)
    parser.add_argument("--compiler", required=True, help="the interpreter that compiles the .pyc")
    parser.add_argument("--native", action="store_true", help="install for this very machine")
    parser.add_argument("kind", choices=["third-party", "package"])
    parser.add_argument("source", type=Path)
    parser.add_argument("into", type=Path)
    options = parser.parse_args(argv)

    if options.kind == "third-party":
        install(options.source, options.into, options.runtime, options.architecture, options.native)
        trim(options.into)
    else:
        copy_package(options.source, options.into)
    compile_all(options.into, options.compiler)


if __name__ == "__main__":
    main()
