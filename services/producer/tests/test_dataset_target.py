"""Which URLs and addresses may be asked for."""

import pytest

from producer.datasets.addresses import is_public
from producer.datasets.target import id_from_url, parse_target, redirected, vet
from producer.errors import Failed


@pytest.mark.parametrize(
    "address",
    [
        *("1.1.1.1", "8.8.8.8", "193.0.6.139", "2606:4700::1111", "2001:4860:4860::8888"),
        *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
    ],
)
def test_a_public_address_is_public_also_where_it_is_wrapped(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        # IPv4
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254"),
        *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.192", "192.0.2.1"),
        *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
        # IPv6
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "ff0e::1"),
        *("2001:db8::1", "3fff::1", "100::1", "2001::1", "2001:10::1", "5f00::1", "4000::1", "64:ff9b:1::1"),
        # wrapped: mapped, compatible, 6to4, NAT64
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.64.0.1", "::ffff:224.0.0.1"),
        *("::127.0.0.1", "::10.0.0.1", "2002:7f00:1::", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:6440:1::"),
        *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::", "::ffff:0:7f00:1"),
        # no addresses
        *("", "localhost", "1.1.1", "1.1.1.1.1", "2130706433", "0x7f.1", "127.1", "[::1]"),
    ],
)
def test_nothing_else_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "host", "port", "header"),
    [
        ("https://example.org/a.json", "example.org", 443, "example.org"),
        ("http://example.org", "example.org", 80, "example.org"),
        ("HTTP://Example.ORG:8080/x?y=1#z", "example.org", 8080, "example.org:8080"),
        ("https://bücher.example/a", "xn--bcher-kva.example", 443, "xn--bcher-kva.example"),
        ("http://[2001:db8::1]:81/a", "2001:db8::1", 81, "[2001:db8::1]:81"),
        ("http://2130706433/", "2130706433", 80, "2130706433"),
    ],
)
def test_a_url_becomes_a_host_to_resolve(url: str, host: str, port: int, header: str) -> None:
    target = parse_target(url)
    assert (target.host, target.port, target.host_header) == (host, port, header)
    assert "#" not in str(target.url)


def test_the_address_takes_the_place_of_the_host_and_nothing_else() -> None:
    target = parse_target("https://example.org:8443/a%20b.json?x=%2F")
    assert str(target.at("192.0.2.7")) == "https://192.0.2.7:8443/a%20b.json?x=%2F"
    assert str(target.at("2001:db8::7")) == "https://[2001:db8::7]:8443/a%20b.json?x=%2F"


@pytest.mark.parametrize(
    "url",
    [
        *("", "molding.json", "/etc/passwd", "file:///etc/passwd", "ftp://example.org/a", "gopher://example.org/"),
        *("data:text/plain,hi", "javascript:alert(1)", "unix:///run/x", "https://", "http:///a", "https:example.org"),
        *("http://user@example.org/", "http://user:word@example.org/", "http://:word@example.org/", "http://@/"),
        *(
            "http://evil.example\\@127.0.0.1/",
            "http://exam ple.org/",
            "http://example.org/\r\nHost: x",
            "http://a\x00b/",
        ),
        *(
            "http://example.org:0/",
            "http://example.org:65536/",
            "http://example.org:x/",
            "http://[::1/",
            "http://[::g]/",
        ),
        "https://example.org/" + "x" * 2048,
    ],
)
def test_what_is_no_plain_web_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(Failed) as refusal:
        parse_target(url)
    assert refusal.value.code == "bad_url"
    assert "evil" not in refusal.value.detail
    assert "passwd" not in refusal.value.detail


def test_every_address_of_a_host_has_to_be_public() -> None:
    target = parse_target("https://example.org/")
    assert vet(target, ["1.1.1.1", "2606:4700::1111"], ()) == ["1.1.1.1", "2606:4700::1111"]
    for addresses in (["1.1.1.1", "127.0.0.1"], ["127.0.0.1", "1.1.1.1"], ["::ffff:10.0.0.1"]):
        with pytest.raises(Failed, match=r"address_refused.*allow_private_hosts") as refusal:
            vet(target, addresses, ("another.example", "example.org:8080"))
        assert "127" not in refusal.value.detail, "what a name resolves to is nobody's business"


@pytest.mark.parametrize("listed", ["localhost", "LOCALHOST", "localhost:9999"])
def test_a_listed_host_may_have_any_address(listed: str) -> None:
    assert vet(parse_target("http://LocalHost:9999/"), ["127.0.0.1", "::1"], (listed,))


def test_a_host_listed_with_a_port_is_not_listed_with_another() -> None:
    with pytest.raises(Failed, match="address_refused"):
        vet(parse_target("http://localhost:5432/"), ["127.0.0.1"], ("localhost:9999",))
    assert vet(parse_target("http://[::1]:9999/"), ["::1"], ("[::1]:9999",))


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("/other", "https://example.org/other"),
        ("other?x=1", "https://example.org/a/other?x=1"),
        ("//cdn.example/b", "https://cdn.example/b"),
        ("https://cdn.example:444/b", "https://cdn.example:444/b"),
    ],
)
def test_a_redirect_is_joined_to_where_it_came_from(location: str, leads_to: str) -> None:
    assert str(redirected(parse_target("https://example.org/a/b"), location).url) == leads_to


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "http://example.org/b",
        "//user@example.org/",
        "https://[::1",
        "ftp://example.org/",
        "\\\\x",
    ],
)
def test_a_redirect_to_anything_else_is_refused(location: str) -> None:
    with pytest.raises(Failed, match="bad_redirect"):
        redirected(parse_target("https://example.org/a"), location)


def test_a_redirect_may_lead_from_http_to_https() -> None:
    assert redirected(parse_target("http://example.org/a"), "https://example.org/a").port == 443


@pytest.mark.parametrize(
    ("url", "stream"),
    [
        ("https://example.org/data/molding-2025.json", "molding-2025"),
        ("https://example.org/molding.json.gz?token=x", "molding"),
        ("https://example.org/Molding%20Data%20%282%29.CSV", "Molding-Data-2"),
        ("https://example.org/molding.v2.ndjson.zst", "molding.v2"),
        ("https://example.org/", "dataset"),
        ("https://example.org", "dataset"),
        ("https://example.org/größe/", "gr-e"),
        ("https://example.org/..json", "dataset"),
        ("https://example.org/" + "x" * 100 + ".csv", "x" * 64),
    ],
)
def test_an_id_is_made_from_the_name_of_the_file(url: str, stream: str) -> None:
    assert id_from_url(url) == stream
