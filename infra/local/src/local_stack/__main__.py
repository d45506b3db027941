"""`python -m local_stack run|stop|status|clean|lag|lock-jars|dashboard…`: what the Makefile's targets call."""

import argparse
import logging
import os
import sys

from rich.console import Console

from chassis.errors import StartError
from chassis.settings import load_settings
from local_stack import commands
from local_stack.disk import in_words
from local_stack.environment import check_environment, known_keys
from local_stack.settings import LocalSettings


def main() -> int:
    """Run one command; its exit code. A StartError is one line on standard error and exit code 2."""
    logging.getLogger().addHandler(logging.NullHandler())  # libraries: what matters is said by us
    arguments = _arguments()
    try:
        check_environment(os.environ, known_keys())
        settings = load_settings(LocalSettings, "local")
        return commands.by_name(arguments.command)(settings, Console(), arguments.yes)
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # such as a folder that was made by another user
        print(f"error: {in_words(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # nothing was started yet: do not wait for downloads under way
        print("Stopped.", flush=True)
        os._exit(130)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_stack", description=__doc__)
    parser.add_argument("command", choices=sorted(commands.NAMES))
    parser.add_argument("--yes", action="store_true", help="clean: do not ask")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
