import httpx
import pytest

from producer.app import make_app
from producer.copy import Copy
from producer.metrics import Metrics
from producer.readiness import Readiness
from producer.settings import ProducerSettings


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/streams"), ("POST", "/streams/demo/stop"), ("POST", "/events"), ("GET", "/streams")]
)
async def test_no_page_is_answered_wherever_it_comes_from(method: str, path: str) -> None:
    app = make_app(Copy(ProducerSettings.model_validate({}), Readiness(), Metrics()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8001") as http:
        for origin in ("https://elsewhere.example", "http://127.0.0.1:8001", "null"):
            answer = await http.request(method, path, content=b"{}", headers={"Origin": origin})
            assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
        assert (await http.request(method, path, content=b"{}")).status_code != 403
