"""infra/k8s fits the services, their settings, docker-compose.yml and itself; no cluster is needed to see that."""

import json
import re
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
import yaml
from docs.generate import ROOT, SERVICES, leaves

from contracts.topics import Topics
from producer.datasets.addresses import is_public

BASE = ROOT / "infra/k8s/base"
KUSTOMIZATION = yaml.safe_load((BASE / "kustomization.yaml").read_text("utf-8"))
OBJECTS: list[dict[str, Any]] = [
    found for file in KUSTOMIZATION["resources"] for found in yaml.safe_load_all((BASE / file).read_text("utf-8"))
]
SECRET = yaml.safe_load((BASE.parent / "secret.example.yaml").read_text("utf-8"))
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
PORTS = {"query-api": 8000, "producer": 8001, "processor": 8002}

every_deployment = pytest.mark.parametrize("name", PORTS)


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {found["metadata"]["name"]: found for found in OBJECTS if found["kind"] == kind}


def pods() -> Iterator[dict[str, Any]]:
    for kind in ("Deployment", "Job"):
        for found in of_kind(kind).values():
            yield found["spec"]["template"]["spec"]


def containers() -> Iterator[dict[str, Any]]:
    for pod in pods():
        yield from (*pod.get("initContainers", []), *pod["containers"])


def of_deployment(name: str) -> dict[str, Any]:
    (container,) = of_kind("Deployment")[name]["spec"]["template"]["spec"]["containers"]
    return dict(container)


def test_every_file_is_listed_and_every_image_is_one_that_compose_builds() -> None:
    assert {path.name for path in BASE.glob("*.yaml")} == {"kustomization.yaml", *KUSTOMIZATION["resources"]}
    versions = {image["name"]: image["newTag"] for image in KUSTOMIZATION["images"]}
    assert {container["image"] for container in containers()} == set(versions)
    assert set(versions) == {service["image"] for service in COMPOSE.values() if "build" in service}
    released = tomllib.loads((ROOT / "services/processor/pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert set(versions.values()) == {released}


@every_deployment
def test_ports_probes_and_services_agree(name: str) -> None:
    deployment, container = of_kind("Deployment")[name], of_deployment(name)
    assert container["ports"] == [{"name": "http", "containerPort": PORTS[name]}]
    prefix = "/api/v1" if name == "query-api" else ""
    for probe, path in (("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", "/ready")):
        assert container[probe]["httpGet"] == {"path": prefix + path, "port": "http"}
    template = deployment["spec"]["template"]["metadata"]
    assert template["labels"] == deployment["metadata"]["labels"]
    if name in of_kind("Service"):
        service = of_kind("Service")[name]["spec"]
        assert service["ports"] == [{"name": "http", "port": PORTS[name], "targetPort": "http"}]
        assert service["selector"].items() <= template["labels"].items()
    (budget,) = [found for found in of_kind("PodDisruptionBudget").values() if found["metadata"]["name"] == name]
    assert budget["spec"]["selector"] == deployment["spec"]["selector"]


def test_every_variable_is_a_setting_and_every_secret_stands_in_the_example() -> None:
    shared = of_kind("ConfigMap")["tideline"]["data"]
    for container in containers():
        service = container["image"].removeprefix("tideline/")
        known = {"TIDELINE_" + key.upper().replace(".", "__") for key, _, _ in leaves(SERVICES[service])}
        given = {entry["name"] for entry in container.get("env", []) if entry["name"].startswith("TIDELINE_")}
        given |= set(shared) if "envFrom" in container else set()
        assert given <= known, service
        for entry in container.get("env", []):
            if "secretKeyRef" in entry.get("valueFrom", {}):
                reference = entry["valueFrom"]["secretKeyRef"]
                assert (reference["name"], reference["key"] in SECRET["stringData"]) == ("tideline", True)


@every_deployment
def test_a_service_logs_in_as_its_own_role(name: str) -> None:
    (key,) = [
        entry["valueFrom"]["secretKeyRef"]["key"]
        for entry in of_deployment(name)["env"]
        if entry["name"] == "TIDELINE_POSTGRES_DSN"
    ]
    ours = COMPOSE[name]["environment"]["TIDELINE_POSTGRES_DSN"].partition("//")[2].partition(":")[0]
    assert f"//{ours}:" in SECRET["stringData"][key]


def test_only_what_network_policies_close_trusts_its_network_and_the_rest_asks_for_keys() -> None:
    for name in PORTS:
        given = {entry["name"]: entry.get("value") for entry in of_deployment(name)["env"]}
        assert given["TIDELINE_HTTP_HOST"] == "0.0.0.0"
        assert (given.get("TIDELINE_TRUSTED_NETWORK") == "true") is (name != "query-api")
        assert ("TIDELINE_API_KEYS" in given) is (name == "query-api")


def test_a_pod_can_do_no_more_than_it_must() -> None:
    for pod in pods():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]) == {"requests", "limits"}
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
    assert of_kind("Namespace")["tideline"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def selector(*names: str) -> list[dict[str, Any]]:
    return [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": name}}} for name in names]


def test_what_may_come_in_and_go_out_is_listed_and_the_rest_is_closed() -> None:
    policies = {name: found["spec"] for name, found in of_kind("NetworkPolicy").items()}
    assert policies["nothing"] == {
        "podSelector": {"matchLabels": {"app.kubernetes.io/part-of": "tideline"}},
        "policyTypes": ["Ingress", "Egress"],
    }
    assert set(policies) == {
        "nothing",
        "to-query-api",
        "to-producer",
        "to-figures",
        "from-all",
        "from-query-api",
        "from-producer",
    }
    for name, policy in policies.items():
        way = {"to": "Ingress", "from": "Egress"}.get(name.partition("-")[0])
        assert way is None or (policy["policyTypes"] == [way] and way.lower() in policy)
    assert policies["to-query-api"]["ingress"][0]["ports"] == [{"port": PORTS["query-api"]}]
    door = {"ports": [{"port": PORTS["producer"]}]}
    assert policies["to-producer"]["ingress"] == [door | {"from": selector("query-api")}]
    assert policies["from-query-api"]["egress"] == [door | {"to": selector("producer")}]
    assert {port["port"] for port in policies["to-figures"]["ingress"][0]["ports"]} == set(PORTS.values())


def test_pods_may_reach_the_servers_that_their_settings_name() -> None:
    dsns = [text for key, text in SECRET["stringData"].items() if key.endswith("-dsn")]
    named = {re.sub(r".*[@/]", "", dsn.rpartition("/")[0]) for dsn in dsns}
    named.add(of_kind("ConfigMap")["tideline"]["data"]["TIDELINE_KAFKA_BOOTSTRAP"])
    places = {(place.split(".")[1], int(place.split(":")[1])) for place in named}
    open_to = {
        (rule["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port["port"])
        for rule in of_kind("NetworkPolicy")["from-all"]["spec"]["egress"]
        for port in rule["ports"]
        if "to" in rule
    }
    assert places == open_to


def test_the_network_keeps_the_producer_from_private_addresses_as_it_does_itself() -> None:
    (rule,) = of_kind("NetworkPolicy")["from-producer"]["spec"]["egress"]
    kept_from = [ip_network(block) for to in rule["to"] for block in to["ipBlock"]["except"]]
    for text in (
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
    ):
        assert any(ip_address(text) in block for block in kept_from if block.version == ip_address(text).version)
        assert not is_public(text)


def test_the_spool_has_room_for_every_dataset_that_may_run() -> None:
    defaults = {key: default for key, _, default in leaves(SERVICES["producer"])}
    pod = of_kind("Deployment")["producer"]["spec"]["template"]["spec"]
    (claim,) = [volume["ephemeral"]["volumeClaimTemplate"] for volume in pod["volumes"] if "ephemeral" in volume]
    room = int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi")) * 2**30
    given = {entry["name"]: entry.get("value") for entry in of_deployment("producer")["env"]}
    assert room >= defaults["streams.running_max"] * int(given["TIDELINE_DATASETS__BYTES_MAX"])
    assert pod["securityContext"]["fsGroup"] == 10001


def test_prometheus_scrapes_every_service_under_the_name_that_alerts_know() -> None:
    monitor = yaml.safe_load((BASE.parent / "pod-monitor.yaml").read_text("utf-8"))["spec"]
    assert monitor["jobLabel"] == "app.kubernetes.io/name"
    (scrape,) = monitor["podMetricsEndpoints"]
    assert scrape["authorization"]["credentials"]["key"] in SECRET["stringData"]
    for name in PORTS:
        template = of_kind("Deployment")[name]["spec"]["template"]
        assert monitor["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        assert of_deployment(name)["ports"][0]["name"] == scrape["port"]
    hosts = next(entry for entry in of_deployment("query-api")["env"] if entry["name"] == "TIDELINE_ALLOWED_HOSTS")
    assert "$(POD_IP)" in json.loads(hosts["value"]), "scraped by its address"


def test_processors_grow_with_the_lag_of_our_group_up_to_one_a_partition() -> None:
    topics = tomllib.loads((ROOT / "infra/kafka/topics.toml").read_text("utf-8"))
    scaled = of_kind("ScaledObject")["processor"]["spec"]
    bootstrap = of_kind("ConfigMap")["tideline"]["data"]["TIDELINE_KAFKA_BOOTSTRAP"]
    assert scaled["scaleTargetRef"]["name"] in of_kind("Deployment")
    assert {trigger["metadata"]["topic"] for trigger in scaled["triggers"]} == {Topics("").readings, Topics("").rows}
    for trigger in scaled["triggers"]:
        assert trigger["metadata"]["consumerGroup"] == Topics("").processor_group
        assert trigger["metadata"]["bootstrapServers"] == bootstrap
        assert trigger["metadata"]["offsetResetPolicy"] == "earliest", "where the processor begins"
        assert scaled["maxReplicaCount"] == topics[trigger["metadata"]["topic"]]["partitions"]
