"""`tideline`, also as `python -m tideline`."""

import io
import os
import sys

from tideline.app import build_app


def main() -> None:
    """Run the command that the arguments name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that knows no UTF-8 is no reason to fail
    try:
        build_app()(prog_name="tideline")
    except OSError as error:  # such as a full disk behind `>`
        # What is still in the buffer would fail once more at the end, with a trace and another exit code.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(f"error: {error.filename or 'the output'}: {error.strerror or error}")


if __name__ == "__main__":
    main()
