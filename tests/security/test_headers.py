"""What every answer says to a browser, which methods there are, and that no other site is invited."""

import httpx
import pytest
from tests.support.query_api import serving

NO_DATABASE = "postgresql://127.0.0.1:9/nothing"
PATHS = ("/", "/docs", "/openapi.json", "/metrics", "/api/v1/health", "/api/v1/series", "/api/v1/streams", "/nowhere")
FOREIGN = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
POLICY = {
    "default-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


def assert_safe(answer: httpx.Response) -> None:
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert set(answer.headers["content-security-policy"].split("; ")) == POLICY
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert "server" not in answer.headers


async def test_every_answer_protects_who_reads_it_and_invites_nobody() -> None:
    async with serving(NO_DATABASE, connected=False) as api:
        for path in PATHS:
            for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
                answer = await api.request(method, path, headers={"Accept": "text/html"})
                assert_safe(answer)
                assert answer.status_code != 500, (method, path)
                if method in ("PUT", "PATCH", "TRACE"):
                    assert answer.status_code in (404, 405), (method, path)
            assert_safe(await api.options(path, headers=FOREIGN))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_refusals_protect_too(method: str) -> None:
    async with serving(NO_DATABASE, connected=False, body_bytes_max=10) as api:
        assert_safe(await api.request(method, "/api/v1/events", headers={"Host": "evil.example"}))
        assert_safe(await api.request(method, "/api/v1/events", headers=FOREIGN))
        assert_safe(await api.request(method, "/api/v1/events", content=b"x" * 11))
