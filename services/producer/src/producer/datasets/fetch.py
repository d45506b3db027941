"""One request to an untrusted server: the name resolved once, every address vetted, redirects followed by hand."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import httpx

from producer.datasets.errors import Again
from producer.datasets.target import Target, parse_target, redirected, vet
from producer.errors import Failed
from producer.settings import DatasetSettings

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses; raises OSError."""

REDIRECTS = (301, 302, 303, 307, 308)


async def resolve(host: str, port: int) -> Sequence[str]:
    """What the system says, each address once."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Fetcher:
    """Sends requests within the limits of the settings; `resolving` is how names become addresses."""

    def __init__(self, settings: DatasetSettings, resolving: Resolve = resolve) -> None:
        self._settings = settings
        self._resolve = resolving

    @asynccontextmanager
    async def get(self, url: str, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer that all redirects lead to, its body still to be read.

        Raises Failed for what another try cannot mend, Again for the rest.
        """
        target = parse_target(url)
        for _ in range(self._settings.redirects_max + 1):
            async with self._answer(target, headers) as answer:
                location = answer.headers.get("location")
                if answer.status_code not in REDIRECTS or not location:
                    yield answer
                    return
                target = redirected(target, location)
        raise Failed("redirects", f"the server redirects more than {self._settings.redirects_max} times")

    @asynccontextmanager
    async def _answer(self, target: Target, headers: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """The answer of one hop. The client lives no longer: no cookie and no connection is used for another host."""
        addresses = vet(target, await self._addresses(target), self._settings.allow_private_hosts)
        async with httpx.AsyncClient(trust_env=False, verify=self._tls(), timeout=self._timeout()) as client:
            answer = await self._first_answer(client, target, addresses, headers)
            try:
                yield answer
            finally:
                await answer.aclose()

    async def _addresses(self, target: Target) -> Sequence[str]:
        try:
            async with asyncio.timeout(self._settings.connect_s):
                return await self._resolve(target.host, target.port)
        except TimeoutError:
            raise Again("dns", f"the name {target.host} was not resolved in time") from None
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise Again("dns", f"the name server does not answer for {target.host}") from None
            raise Failed("dns", f"there is no host {target.host}") from None
        except (OSError, UnicodeError):
            raise Failed("dns", f"the name {target.host} cannot be resolved") from None

    async def _first_answer(
        self, client: httpx.AsyncClient, target: Target, addresses: Sequence[str], headers: Mapping[str, str]
    ) -> httpx.Response:
        """Of the first address that takes the connection."""
        refused: Exception = OSError("no address")
        for address in addresses:
            request = client.build_request(
                "GET",
                target.at(address),
                headers=self._headers(target, headers),
                extensions={"sni_hostname": target.host},
            )
            try:
                async with asyncio.timeout(self._settings.slow_window_s):
                    return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
            except TimeoutError:
                raise Again(
                    "timeout", f"the server does not begin to answer in {self._settings.slow_window_s:g} s"
                ) from None
            except httpx.TransportError as error:
                raise broken(error) from None
        raise _unreachable(refused)

    def _headers(self, target: Target, headers: Mapping[str, str]) -> dict[str, str]:
        ours = {
            "Host": target.host_header,
            "User-Agent": self._settings.user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        return ours | dict(headers)

    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self._settings.read_s, connect=self._settings.connect_s)

    def _tls(self) -> ssl.SSLContext:
        if self._settings.ca_file:
            try:
                return ssl.create_default_context(cafile=self._settings.ca_file)
            except OSError:
                raise Failed("tls", "the file of the setting datasets.ca_file cannot be read as certificates") from None
        return httpx.create_ssl_context(trust_env=False)


def broken(error: httpx.TransportError) -> Again:
    """What an answer that breaks off means."""
    if isinstance(error, httpx.TimeoutException):
        return Again("timeout", "the server says nothing any more")
    if isinstance(error, httpx.RemoteProtocolError):
        return Again("broken", "the connection ends before the answer does, or the answer is not HTTP")
    return Again("broken", "the connection broke")


def _unreachable(error: Exception) -> Exception:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Failed("tls", "no trustworthy encrypted connection: the certificate or the protocol is not accepted")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return Again("connect", "the server does not take the connection in time")
    return Again("connect", "the server refuses the connection")
