"""`python -m contracts schema FOLDER` writes the JSON Schema of every message."""

import json
import sys
from pathlib import Path

from contracts.schema import MESSAGES, message_schema


def main(arguments: list[str]) -> int:
    """Write the schemas; the exit code."""
    match arguments:
        case ["schema", folder] if Path(folder).is_dir():
            for name in MESSAGES:
                (Path(folder) / f"{name}.json").write_text(
                    json.dumps(message_schema(name), indent=2, ensure_ascii=False) + "\n", "utf-8"
                )
            return 0
        case _:
            print("usage: python -m contracts schema FOLDER (an existing one; here contracts/schema)", file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
