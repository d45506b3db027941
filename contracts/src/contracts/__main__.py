"""`python -m contracts schema FOLDER` writes the JSON Schema of every message."""

import sys
from pathlib import Path

from contracts.schema import MESSAGES, schema_text


def main(arguments: list[str]) -> int:
    """Write the schemas; the exit code."""
    match arguments:
        case ["schema", folder] if Path(folder).is_dir():
            for name in MESSAGES:
                (Path(folder) / f"{name}.json").write_text(schema_text(name), "utf-8")
            return 0
        case _:
            print("usage: python -m contracts schema FOLDER (an existing one; here contracts/schema)", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
