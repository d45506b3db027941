"""docker-compose.yml keeps its rules; no engine is needed to see that."""

import re
import tomllib
from typing import Any

import pytest
import yaml
from docs.generate import ROOT, SERVICES, leaves

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
ONCE = {"migrate": "provision", "topics": "provision"}
OURS = {"producer": "producer", "processor": "processor", "query-api": "query-api", **ONCE}
FOREIGN_IMAGES = {"apache/kafka", "postgres", "ghcr.io/kafbat/kafka-ui", "prom/prometheus", "grafana/grafana"}
BROKERS = ("kafka", "kafka-2", "kafka-3")
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
STAGES = {text.split()[3]: text for text in re.split(r"^(?=FROM )", DOCKERFILE, flags=re.MULTILINE)[1:]}
"""Name of a stage → its lines."""
ROLES = {"producer": "tideline_producer", "processor": "tideline_processor", "query-api": "tideline_api"}

every_container = pytest.mark.parametrize("name", CONTAINERS)
every_container_of_ours = pytest.mark.parametrize("name", OURS)


def stage(name: str) -> str:
    """The stage of the Dockerfile that a container of ours is built from."""
    return STAGES[CONTAINERS[name]["build"]["target"]]


def folder(name: str) -> str:
    """Where the package of a container lies."""
    return "infra/provision" if name in ONCE else f"services/{name}"


def project(name: str) -> dict[str, Any]:
    """What its package says of itself."""
    found: dict[str, Any] = tomllib.loads((ROOT / folder(name) / "pyproject.toml").read_text("utf-8"))["project"]
    return found


@every_container
def test_a_port_is_published_on_this_machine_only(name: str) -> None:
    for port in CONTAINERS[name].get("ports", []):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{[A-Z0-9_]+:-\d+\}:\d+", port)


@every_container_of_ours
def test_a_network_is_trusted_because_no_port_is_reached_from_outside(name: str) -> None:
    environment, ports = CONTAINERS[name]["environment"], CONTAINERS[name].get("ports", [])
    listens = name not in ONCE
    assert (environment.get("TIDELINE_HTTP_HOST") == "0.0.0.0") is listens
    assert (environment.get("TIDELINE_TRUSTED_NETWORK") == "true") is listens
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert "networks" not in COMPOSE, "one network of this file's own"


@every_container
def test_an_image_is_ours_or_a_known_one_at_an_exact_version(name: str) -> None:
    image = CONTAINERS[name]["image"]
    if name in OURS:
        assert image == f"tideline/{OURS[name]}"
    else:
        repository, version = image.rsplit(":", 1)
        assert repository in FOREIGN_IMAGES
        assert re.fullmatch(r"v?\d+\.\d+(\.\d+)?", version)


@every_container
def test_a_container_can_do_no_more_than_it_must(name: str) -> None:
    container = CONTAINERS[name]
    assert container["cap_drop"] == ["ALL"]
    assert "cap_add" not in container
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "devices", "container_name"} & set(container)
    assert not [volume for volume in container.get("volumes", []) if volume.startswith(("/", ".", "~"))]


@every_container
def test_a_container_has_limits_and_time_to_stop(name: str) -> None:
    container = CONTAINERS[name]
    assert set(container["deploy"]["resources"]["limits"]) == {"memory", "pids"}
    assert container["init"] is True
    assert container["stop_grace_period"] == "30s"
    assert container["restart"] == ("no" if name in ONCE else "unless-stopped")


@every_container_of_ours
def test_our_containers_write_nothing_but_tmp_and_the_producer_its_spool(name: str) -> None:
    assert CONTAINERS[name]["read_only"] is True
    assert CONTAINERS[name]["tmpfs"] == ["/tmp"]
    assert CONTAINERS[name].get("volumes", []) == (["spool:/spool"] if name == "producer" else [])


def test_the_spool_is_a_volume_that_the_producer_may_write_to() -> None:
    assert CONTAINERS["producer"]["environment"]["TIDELINE_DATASETS__SPOOL_DIR"] == "/spool"
    owned = 'RUN ["install", "--directory", "--owner=10001", "--group=10001", "/spool"]\n'
    assert owned in stage("producer").partition("USER 10001:10001")[0]


@pytest.mark.parametrize("name", sorted(CONTAINERS.keys() - ONCE))
def test_what_keeps_running_is_checked_with_a_program_its_image_has(name: str) -> None:
    programs = dict.fromkeys(BROKERS, "kafka-broker-api-versions.sh") | {"postgres": "pg_isready"}
    programs |= dict.fromkeys(("kafka-ui", "prometheus", "grafana"), "wget")
    if name in OURS:
        checked = r'^HEALTHCHECK .*--start-interval=1s \\\n +CMD \["python", "-c", .*http://127.0.0.1:.*READY'
        assert re.search(checked, STAGES["image"], re.MULTILINE)
        assert stage(name).startswith("FROM image AS ")
        assert re.search(r"^ENV READY=\d+/\S*ready$", stage(name), re.MULTILINE)
    else:
        assert programs[name] in str(CONTAINERS[name]["healthcheck"]["test"])
    assert "curl" not in str(CONTAINERS[name].get("healthcheck"))


def test_schema_and_topics_come_before_every_service() -> None:
    done = {"condition": "service_completed_successfully"}
    for name in OURS.keys() - ONCE:
        assert CONTAINERS[name]["depends_on"] == {"migrate": done, "topics": done}
    assert CONTAINERS["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    there = {"condition": "service_healthy"}
    others = dict.fromkeys(BROKERS[1:], there | {"required": False})
    assert CONTAINERS["topics"]["depends_on"] == {"kafka": there} | others


@pytest.mark.parametrize("name", BROKERS)
def test_a_broker_has_the_full_set_of_settings(name: str) -> None:
    broker = CONTAINERS[name]
    environment = broker["environment"]
    port = broker["ports"][0].removeprefix("127.0.0.1:").removesuffix(":9092")
    listeners = dict(listener.split("://") for listener in environment["KAFKA_LISTENERS"].split(","))
    assert listeners == {"CONTROLLER": ":19093", "INTERNAL": ":19092", "HOST": ":9092"}
    assert environment["KAFKA_ADVERTISED_LISTENERS"] == f"INTERNAL://{name}:19092,HOST://localhost:{port}"
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert broker["volumes"] == [f"{name}-data:{environment['KAFKA_LOG_DIRS']}"]
    assert broker["hostname"] == name
    assert "read_only" not in broker


def test_three_brokers_know_each_other_and_keep_three_copies() -> None:
    lines = (ROOT / "infra/kafka/cluster.env").read_text("utf-8").splitlines()
    cluster = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    nodes = {CONTAINERS[name]["environment"]["KAFKA_NODE_ID"]: name for name in BROKERS}
    assert cluster["KAFKA_VOTERS"] == ",".join(f"{node}@{name}:19093" for node, name in nodes.items())
    assert cluster["KAFKA_SERVERS"] == ",".join(f"{name}:19092" for name in BROKERS)
    assert (cluster["KAFKA_COPIES"], cluster["KAFKA_IN_SYNC"]) == ("3", "2")
    assert [CONTAINERS[name].get("profiles") for name in BROKERS] == [None, ["cluster"], ["cluster"]]
    assert cluster["COMPOSE_PROFILES"] == "cluster"
    used = set(re.findall(r"\$\{([A-Z0-9_]+):-", (ROOT / "docker-compose.yml").read_text("utf-8")))
    assert cluster.keys() - {"COMPOSE_PROFILES"} <= used


def test_postgres_is_not_published_and_runs_as_its_own_user() -> None:
    assert "ports" not in CONTAINERS["postgres"]
    assert CONTAINERS["postgres"]["user"] == "999:999"
    volumes = {"spool", *(f"{name}-data" for name in (*BROKERS, "postgres", "prometheus", "grafana"))}
    assert set(COMPOSE["volumes"]) == volumes


def test_prometheus_and_grafana_are_there_when_asked_for_and_read_files_of_ours() -> None:
    assert [name for name, found in CONTAINERS.items() if found.get("profiles") == ["observability"]] == [
        "prometheus",
        "grafana",
    ]
    used = [config["source"] for name in ("prometheus", "grafana") for config in CONTAINERS[name]["configs"]]
    assert sorted(used) == sorted(COMPOSE["configs"])
    for config in COMPOSE["configs"].values():
        assert (ROOT / config["file"]).is_file()


def test_kafka_ui_only_looks() -> None:
    environment = CONTAINERS["kafka-ui"]["environment"]
    assert environment["KAFKA_CLUSTERS_0_READONLY"] == "true"
    assert environment["DYNAMIC_CONFIG_ENABLED"] == "false"


@every_container_of_ours
def test_every_variable_is_a_setting_of_its_service(name: str) -> None:
    known = {"TIDELINE_" + key.upper().replace(".", "__") for key, _, _ in leaves(SERVICES[OURS[name]])}
    assert set(CONTAINERS[name]["environment"]) <= known


@pytest.mark.parametrize(("name", "role"), ROLES.items())
def test_a_service_logs_in_as_its_own_role(name: str, role: str) -> None:
    assert CONTAINERS[name]["environment"]["TIDELINE_POSTGRES_DSN"].startswith(f"postgresql://{role}:$")


def test_every_variable_of_the_file_has_a_default_and_stands_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    used = dict(re.findall(r"\$\{([A-Z0-9_]+):-([^}]+)\}", text))
    assert text.count("${") == len(re.findall(r"\$\{[A-Z0-9_]+:-[^}]+\}", text))
    example = (ROOT / ".env.example").read_text("utf-8")
    assert dict(re.findall(r"^([A-Z0-9_]+)=(.+)$", example, re.MULTILINE)) == used


def test_compose_and_the_embedded_stack_run_the_same_kafka() -> None:
    version = CONTAINERS["kafka"]["image"].partition(":")[2]
    assert f"org.apache.kafka:kafka_2.13:{version} " in (ROOT / "infra/kafka/jars.lock").read_text("utf-8")


@pytest.mark.parametrize(("name", "port"), [("producer", 8001), ("processor", 8002), ("query-api", 8000)])
def test_the_port_is_the_same_everywhere(name: str, port: int) -> None:
    defaults = {key: default for key, _, default in leaves(SERVICES[name])}
    assert defaults["http_port"] == port
    assert f"EXPOSE {port}\n" in stage(name)
    assert f"ENV READY={port}/" in stage(name)
    assert all(published.endswith(f"}}:{port}") for published in CONTAINERS[name].get("ports", []))


@pytest.mark.parametrize(
    ("kind", "shape"), [("PYTHON", r"python:3\.\d+\.\d+-slim-[a-z]+"), ("NODE", r"node:24\.\d+\.\d+-\S+-slim")]
)
def test_the_images_below_ours_are_exact_versions_that_may_be_replaced(kind: str, shape: str) -> None:
    default = re.search(rf"^ARG {kind}_IMAGE=(\S+)$", DOCKERFILE, re.MULTILINE)
    assert default
    assert re.fullmatch(shape, default[1])
    for name in OURS:
        assert CONTAINERS[name]["build"]["args"][f"{kind}_IMAGE"] == f"${{{kind}_IMAGE:-{default[1]}}}"
    below = {text.split()[1] for text in STAGES.values()}
    assert below == {"${PYTHON_IMAGE}", "${NODE_IMAGE}", "packages", "image"}


@every_container_of_ours
def test_an_image_holds_locked_packages_of_its_own_for_an_ordinary_user(name: str) -> None:
    target, lines = OURS[name], stage(name).splitlines()
    assert CONTAINERS[name]["build"]["target"] == target
    assert lines[:4] == [
        f"FROM image AS {target}",
        f"LABEL org.opencontainers.image.title=tideline/{target} \\",
        f'    org.opencontainers.image.description="{project(name)["description"]}"',
        f"COPY --from={target}-packages /venv /venv",
    ], "packages come before anything that changes more often"
    assert f"COPY {folder(name)}/requirements.lock /\n" in STAGES[f"{target}-packages"]
    assert "PIP_REQUIRE_HASHES=1 PIP_ONLY_BINARY=:all:" in STAGES["packages"]
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]
    assert lines.index("USER 10001:10001") < next(n for n, line in enumerate(lines) if line.startswith("ENTRYPOINT ["))
    assert not re.search(r"^ADD |curl |apt-get|:latest", DOCKERFILE, re.MULTILINE)


@every_container_of_ours
def test_an_image_holds_its_package_and_those_of_ours_that_it_needs(name: str) -> None:
    needed = {dependency for dependency in project(name)["dependencies"] if dependency.startswith("tideline-")}
    folders = {"tideline-contracts": "contracts/src", "tideline-chassis": "infra/chassis/src"}
    copied = re.search(r"^COPY (\S+/src .*) \./$", stage(name), re.MULTILINE)
    assert copied
    assert set(copied[1].split()) == {folders[dependency] for dependency in needed} | {f"{folder(name)}/src"}
    assert f"COPY infra/config/{OURS[name]}.toml infra/config/\n" in stage(name)
    assert f"LABEL org.opencontainers.image.version={project(name)['version']} \\\n" in STAGES["image"]


def test_the_image_of_query_api_builds_the_dashboard_from_its_lock() -> None:
    assert re.search(r"^RUN .*npm ci --cache /var/cache/npm$", STAGES["dashboard"], re.MULTILINE)
    place = next(field for key, field, _ in leaves(SERVICES["query-api"]) if key == "dashboard_dir").default
    assert f"COPY --from=dashboard /dashboard/dist {place}\n" in stage("query-api")


def test_only_what_images_need_is_sent_to_the_engine() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    built = {"node_modules", "dist", "dist.next", ".lock", "src/generated"}
    assert {rule for rule in rules[1:] if not rule.startswith("!")} == {
        "**/__pycache__",
        *(f"services/dashboard/{name}" for name in built),
    }
    assert not [rule for rule in rules if ".env" in rule or ".local" in rule]
