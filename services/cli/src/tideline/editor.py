"""A text changed by a person, in the editor of his choice."""

import os
import shlex
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from tideline.errors import Refused


def edited(text: str) -> str:
    """The text as it is when the editor is closed. Raises Refused when there is no editor, or it fails."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise Refused("there is no editor: name one in EDITOR, or change the value in a file and give --value-file")
    with TemporaryDirectory(prefix="tideline-") as folder:
        file = Path(folder) / "value.json"
        file.write_text(text, "utf-8")
        try:
            done = subprocess.run([*shlex.split(editor), str(file)], check=False)
        except OSError as error:
            raise Refused(f"the editor {editor} cannot be started: {error.strerror}") from None
        if done.returncode:
            raise Refused(f"the editor {editor} ended with {done.returncode}: nothing is sent")
        return file.read_text("utf-8").rstrip("\n")
