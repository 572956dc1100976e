"""`make demo`: the demonstration on the stack that runs, or on one of its own that is gone afterwards."""

import sys
import time

from tools.build import BuildError
from tools.demo import main as demo
from tools.emulator import EmulatorError, is_running
from tools.stack import STACK_FILE, DeployError, Stack, running_stack, throwaway_stack


def main(argv: list[str]) -> int:
    """Run tools.demo with the given options; Ctrl-C at any time leaves nothing running that was not there before."""
    try:
        if running_stack():
            return demo(["--stack", str(STACK_FILE), *argv])
        with throwaway_stack(say=print) as stack:
            result = demo(["--stack", str(stack.file), *argv])
            if sys.stdin.isatty():
                _stay(stack)
        print("The stack is stopped. Start one that stays with: make up")
        return result
    except (BuildError, DeployError, EmulatorError) as error:
        print(f"make demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; nothing is left running")
        return 130


def _stay(stack: Stack) -> None:
    """Keep the stack for a look around until Ctrl-C."""
    print(f"\nDarkroom is at {stack.api_url}, its console at {stack.api_url}/console (keys in {stack.file})")
    print("Press Ctrl-C to stop it")
    try:
        while is_running(stack.emulator):
            time.sleep(1)
    except KeyboardInterrupt:
        print()
        return
    raise EmulatorError("the emulator died; its log is in .local/failed.log")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
