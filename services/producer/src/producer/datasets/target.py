"""The untrusted URL: what may be asked for at all, and which addresses its host may have. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import httpx

from producer.datasets.addresses import is_public
from producer.errors import Failed

URL_LENGTH_MAX = 2048
PORTS = {"http": 80, "https": 443}

_ODD = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
_DEFAULT_ID = "dataset"


@dataclass(frozen=True)
class Target:
    """Where a request goes: a URL without user or fragment, its host as it is resolved, and its port."""

    url: httpx.URL
    host: str
    port: int

    @property
    def host_header(self) -> str:
        """What the server is told that it was asked for."""
        return self.url.netloc.decode("ascii")

    @property
    def names(self) -> set[str]:
        """How a list may name this host: alone, or with the port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return {self.host, host, f"{host}:{self.port}"}

    def at(self, address: str) -> httpx.URL:
        """The same URL with an address instead of the host."""
        return self.url.copy_with(host=address)


def parse_target(text: str) -> Target:
    """The target of a URL; raises Failed (`bad_url`) naming what is wrong with it, never the URL itself."""
    if len(text) > URL_LENGTH_MAX:
        raise Failed("bad_url", f"the URL has more than {URL_LENGTH_MAX} characters")
    if _ODD.search(text):
        raise Failed("bad_url", "the URL holds a space, a control character or a backslash: percent-encode it")
    try:
        url = httpx.URL(text)
        host, port = url.raw_host.decode("ascii"), url.port
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise Failed("bad_url", "this is not a URL: write https://host/path") from None
    if url.scheme not in PORTS:
        raise Failed(
            "bad_url", "only http and https URLs can be ingested: docs/datasets.md says how to serve a file of yours"
        )
    if not host:
        raise Failed("bad_url", "the URL names no host: write https://host/path")
    if url.userinfo:
        raise Failed("bad_url", "the URL holds a user name or password: leave it out")
    port = PORTS[url.scheme] if port is None else port
    if not 0 < port < 65536:
        raise Failed("bad_url", "the URL's port must be from 1 to 65535")
    return Target(url.copy_with(fragment=None), host, port)


def redirected(target: Target, location: str) -> Target:
    """Where a redirect leads; raises Failed when it may not be followed."""
    try:
        joined = str(target.url.join(location))
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise Failed("bad_redirect", "the server redirects to something that is no URL") from None
    try:
        following = parse_target(joined)
    except Failed as error:
        raise Failed("bad_redirect", f"the server redirects to a URL that is not followed: {error.detail}") from None
    if target.url.scheme == "https" and following.url.scheme == "http":
        raise Failed("bad_redirect", "the server redirects from https to http, which is not followed")
    return following


def vet(target: Target, addresses: Sequence[str], allowed_hosts: Collection[str]) -> Sequence[str]:
    """All addresses of the host, when each of them may be connected to; else raises Failed (`address_refused`)."""
    if not addresses:
        raise Failed("dns", f"the host {target.host} has no address")
    if not target.names & {host.lower() for host in allowed_hosts}:
        refused = [address for address in addresses if not is_public(address)]
        if refused:
            raise Failed(
                "address_refused",
                f"the host {target.host} has an address that is not public: if it is yours, start Tideline with "
                f"TIDELINE_DATASETS__ALLOW_PRIVATE_HOSTS='[\"{target.host}\"]' (setting datasets.allow_private_hosts)",
            )
    return addresses


def id_from_url(url: str) -> str:
    """A stream id made from the URL's file name, its endings left out: `…/molding-2025.json.gz` → `molding-2025`."""
    name = httpx.URL(url).path.rstrip("/").rpartition("/")[2]
    stem = re.sub(r"(\.(json|ndjson|jsonl|csv|tsv|txt|parquet|gz|gzip|zst|zstd))+$", "", name, flags=re.IGNORECASE)
    cleaned = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")
    return cleaned[:64] or _DEFAULT_ID
