"""Write the description and its page to where they are served from; with --check only tell whether they are current."""

import argparse
import json
import sys

from tools.build import ROOT
from tools.openapi.page import render
from tools.openapi.spec import make

FOLDER = ROOT / "functions" / "console"


def main(argv: list[str] | None = None) -> int:
    """Entry point of `python -m tools.openapi`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when something would change")
    is_check = parser.parse_args(argv).check
    document = make()
    texts = {"openapi.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n", "docs.html": render(document)}
    files = {FOLDER / name: text for name, text in texts.items()}
    stale = [path for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]
    if is_check and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"Not as the routes are now: {names}. Run: .venv/bin/python -m tools.openapi", file=sys.stderr)
        return 1
    for path in stale:
        path.write_text(files[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
