"""Prometheus, alerts and dashboards fit together, and fit docker-compose.yml and the runbook."""

import json
import re
from typing import Any

import pytest
import yaml
from docs.generate import ROOT
from tests.repository.test_compose import STAGES

GRAFANA = ROOT / "infra/grafana"
PROMETHEUS = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text("utf-8"))
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "infra/prometheus/alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARDS: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((GRAFANA / "dashboards").glob("*.json"))
}
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))


def anchors(page: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_promtool_is_told_when_each_alert_fires() -> None:
    tested = (ROOT / "infra/prometheus/alerts.test.yml").read_text("utf-8")
    assert {alert["alert"] for alert in ALERTS} == set(re.findall(r"\bTideline\w+", tested))


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_is_wrong_and_where_to_read_what_to_do(alert: dict[str, Any]) -> None:
    page, _, anchor = alert["annotations"]["runbook"].partition("#")
    assert anchor in anchors(page)
    assert alert["labels"]["severity"] in ("warning", "critical")
    assert alert["annotations"]["summary"]


def test_prometheus_asks_every_service_where_compose_has_it() -> None:
    asked = {}
    for job in PROMETHEUS["scrape_configs"]:
        for found in job.get("dns_sd_configs", []):
            asked |= dict.fromkeys(found["names"], found["port"])
        for found in job.get("static_configs", []):
            asked |= {host: int(port) for host, port in (target.split(":") for target in found["targets"])}
    exposed = {name: re.search(r"^EXPOSE (\d+)$", text, re.MULTILINE) for name, text in STAGES.items()}
    assert asked == {name: int(found[1]) for name, found in exposed.items() if found}


def test_dashboards_use_the_provisioned_sources_and_place_every_panel() -> None:
    sources = yaml.safe_load((GRAFANA / "provisioning/datasources/tideline.yml").read_text("utf-8"))["datasources"]
    uids = {source["uid"] for source in sources}
    assert set(DASHBOARDS) == {"pipeline", "health", "data"}
    for board in DASHBOARDS.values():
        assert {panel["datasource"]["uid"] for panel in board["panels"]} <= uids
        places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
        assert len(set(places)) == len(places)
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
