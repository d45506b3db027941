"""The statements, one a file; the first line of each says what it does."""

from functools import cache
from importlib import resources


@cache
def statement(name: str) -> str:
    """The text of `<name>.sql` in this package."""
    return resources.files(__package__).joinpath(f"{name}.sql").read_text()
