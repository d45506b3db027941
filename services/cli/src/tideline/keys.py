"""A key, and what the server's settings keep of it: never the key itself. Pure."""

from dataclasses import dataclass
from hashlib import sha256

PREFIX = "tideline_"


@dataclass(frozen=True)
class NewKey:
    """A key as it is shown once."""

    key: str
    name: str
    scope: str

    @property
    def digest(self) -> str:
        """The sha256 of the key's bytes, in hex."""
        return sha256(self.key.encode()).hexdigest()

    def toml(self) -> str:
        """The lines for infra/config/query-api.toml; the name holds nothing that would need escaping."""
        return f'[[api_keys]]\nname = "{self.name}"\nscope = "{self.scope}"\nsha256 = "{self.digest}"\n'
