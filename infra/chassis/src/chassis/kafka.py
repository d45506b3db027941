"""How every Kafka client of a service connects: written once, for aiokafka and for FastStream."""

import ssl
from typing import TYPE_CHECKING, Any

from chassis.errors import StartError
from chassis.settings import KafkaSecurity

if TYPE_CHECKING:
    from faststream.security import BaseSecurity


def client_security(settings: KafkaSecurity) -> dict[str, Any]:
    """What an aiokafka client is given beside the servers; raises StartError when a file cannot be used."""
    given: dict[str, Any] = {"security_protocol": settings.protocol, "ssl_context": _tls(settings)}
    if settings.protocol.startswith("SASL"):
        given["sasl_mechanism"] = settings.mechanism
        given["sasl_plain_username"] = settings.username
        given["sasl_plain_password"] = settings.password.get_secret_value()
    return given


def broker_security(settings: KafkaSecurity) -> "BaseSecurity | None":
    """The same for a FastStream broker; whoever has one has FastStream."""
    from faststream import security

    tls = _tls(settings)
    if not settings.protocol.startswith("SASL"):
        return security.BaseSecurity(tls) if tls else None
    kinds = {
        "SCRAM-SHA-512": security.SASLScram512,
        "SCRAM-SHA-256": security.SASLScram256,
        "PLAIN": security.SASLPlaintext,
    }
    return kinds[settings.mechanism](settings.username, settings.password.get_secret_value(), tls)


def _tls(settings: KafkaSecurity) -> ssl.SSLContext | None:
    if not settings.protocol.endswith("SSL"):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        if settings.cert_file:
            context.load_cert_chain(settings.cert_file, settings.key_file or None)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(filter(None, (settings.ca_file, settings.cert_file, settings.key_file)))
        raise StartError(
            f"cannot use the certificates {files} ({error}): correct TIDELINE_KAFKA__CA_FILE, "
            "TIDELINE_KAFKA__CERT_FILE or TIDELINE_KAFKA__KEY_FILE"
        ) from None
    return context
