"""How Kafka's own tool is told to connect."""

from pydantic import SecretStr

from chassis.settings import KafkaSecurity
from local_stack.lag import client_properties

TIMEOUTS = ["request.timeout.ms=10000", "default.api.timeout.ms=10000"]


def test_without_names_nothing_but_the_protocol_and_how_long_to_wait_is_told() -> None:
    assert client_properties(KafkaSecurity()).splitlines() == ["security.protocol=PLAINTEXT", *TIMEOUTS]


def test_a_password_may_hold_any_character() -> None:
    security = KafkaSecurity(
        protocol="SASL_SSL", username="ops", password=SecretStr('a"b\\c=ü #;'), mechanism="SCRAM-SHA-512"
    )
    assert client_properties(security).splitlines() == [
        "security.protocol=SASL_SSL",
        *TIMEOUTS,
        "sasl.mechanism=SCRAM-SHA-512",
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required"
        r" username=\"ops\" password=\"a\\\"b\\\\c=\u00fc #;\";",
    ]
