"""Which addresses a dataset may be fetched from: pure, only ever asked about addresses that are resolved already."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is given out; what lies outside reaches no public host, whatever newer registries say."""
_NOT_PUBLIC = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("2001::/23"),
    IPv6Network("3fff::/20"),
)
"""Special ranges that Python's tables know only in part, depending on its version."""
_NAT64 = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE = IPv6Network("::/96")


def is_public(text: str) -> bool:
    """Whether an address leads to a host of the public internet, also where it is wrapped in another form."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = _wrapped(address)
        return _is_public_v6(address) if inner is None else _is_ordinary(inner)
    return _is_ordinary(address)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one end up at: mapped, 6to4, NAT64 and IPv4-compatible forms."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64 or address in _IPV4_COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_public_v6(address: IPv6Address) -> bool:
    return address in _GLOBAL_UNICAST and address.scope_id is None and _is_ordinary(address)


def _is_ordinary(address: IPv4Address | IPv6Address) -> bool:
    special = (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or address.is_private
        or any(address in network for network in _NOT_PUBLIC if network.version == address.version)
    )
    return address.is_global and not special
