"""Names and TLS towards Kafka: what does not fit together is refused, what fits reaches both kinds of client."""

import ssl
from pathlib import Path

import pytest
import trustme
from faststream.kafka.security import parse_security
from pydantic import SecretStr, ValidationError

from chassis.errors import StartError
from chassis.kafka import broker_security, client_security
from chassis.settings import KafkaSecurity

NAMED = {"username": "producer", "password": "pencil"}


@pytest.fixture
def ca_file(tmp_path: Path) -> str:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    return str(tmp_path / "ca.pem")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"protocol": "SASL_SSL"}, "a username and a password are needed"),
        ({"protocol": "SASL_SSL", "username": "producer"}, "a username and a password are needed"),
        (NAMED, "set protocol to SASL_SSL"),
        ({"protocol": "SSL", **NAMED}, "set protocol to SASL_SSL"),
        ({"protocol": "SASL_PLAINTEXT", "mechanism": "PLAIN", **NAMED}, "sends the password as it is"),
        ({"ca_file": "ca.pem"}, "there is no TLS"),
        ({"protocol": "SASL_PLAINTEXT", "cert_file": "own.pem", **NAMED}, "there is no TLS"),
        ({"protocol": "TLS"}, "protocol"),
    ],
)
def test_what_does_not_fit_together_is_refused(given: dict[str, str], says: str) -> None:
    with pytest.raises(ValidationError, match=says) as caught:
        KafkaSecurity.model_validate(given)
    assert "pencil" not in str(caught.value) or "input_value" in str(caught.value)


def test_without_settings_clients_connect_as_ever() -> None:
    assert client_security(KafkaSecurity()) == {"security_protocol": "PLAINTEXT", "ssl_context": None}
    assert broker_security(KafkaSecurity()) is None


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"])
def test_both_kinds_of_client_are_told_the_same(mechanism: str, ca_file: str) -> None:
    settings = KafkaSecurity.model_validate(
        {"protocol": "SASL_SSL", "mechanism": mechanism, "ca_file": ca_file, **NAMED}
    )
    ours, theirs = client_security(settings), parse_security(broker_security(settings))
    for told in (ours, theirs):
        context = told.pop("ssl_context")
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert len(context.get_ca_certs()) == 1, "no other authority is trusted"
    assert ours == theirs
    assert ours == {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": mechanism,
        "sasl_plain_username": "producer",
        "sasl_plain_password": "pencil",
    }


def test_a_client_can_show_a_certificate_of_its_own(tmp_path: Path, ca_file: str) -> None:
    issued = trustme.CA().issue_cert("producer")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "own.pem")
    settings = KafkaSecurity(protocol="SSL", ca_file=ca_file, cert_file=str(tmp_path / "own.pem"))
    assert isinstance(client_security(settings)["ssl_context"], ssl.SSLContext)
    assert parse_security(broker_security(settings))["security_protocol"] == "SSL"


@pytest.mark.parametrize("file", ["nowhere.pem", __file__])
def test_a_file_that_is_no_certificate_is_one_line(file: str) -> None:
    settings = KafkaSecurity(protocol="SASL_SSL", username="a", password=SecretStr("pencil"), ca_file=file)
    with pytest.raises(StartError, match=r"TIDELINE_KAFKA__CA_FILE") as caught:
        client_security(settings)
    assert "pencil" not in str(caught.value)
