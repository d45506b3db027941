"""Records that must be refused, each with its reason, and strange ones that must not. For unit and wire tests alike.

None depends on the clock: what is too old or in the future is so for centuries.
"""

import struct
from dataclasses import dataclass

ID = b'"id":"0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11"'
TIME = b'"timestamp":"2026-01-02T03:04:05.678Z"'
Headers = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True)
class Malformed:
    """One record as it is published, and the reason that its dead letter must carry."""

    name: str
    reason: str
    value: bytes | None
    topic: str = "readings"
    headers: Headers = ()


@dataclass(frozen=True)
class Strange:
    """One record that looks odd and is valid, and the value it carries."""

    name: str
    value: bytes
    number: float
    headers: Headers = ()


def reading(*fields: bytes, stream: bytes = b'"odd"', category: bytes = b'"c"', value: bytes = b"1") -> bytes:
    """A reading put together from raw JSON texts, further fields last."""
    return b"{" + b",".join([b'"stream":' + stream, b'"category":' + category, b'"value":' + value, *fields]) + b"}"


def at(time: bytes) -> bytes:
    """A reading with this timestamp."""
    return reading(b'"timestamp":"' + time + b'"')


def row(data: bytes, number: bytes = b"1") -> bytes:
    """A row put together from raw JSON texts."""
    return b'{"stream":"odd","row":' + number + b',"data":' + data + b"}"


PLAIN = reading(ID, TIME)

MALFORMED = (
    # bytes
    Malformed("tombstone", "empty", None),
    Malformed("no bytes", "empty", b""),
    Malformed("larger than 1 MiB", "too_large", reading(b'"pad":"' + b"x" * 1_048_576 + b'"')),
    Malformed("random bytes", "not_utf8", bytes.fromhex("d1c43f0a9e77e5b0ffee00112233445566")),
    Malformed("Latin-1", "not_utf8", reading(category="Größe".join(['"', '"']).encode("latin-1"))),
    Malformed("bad UTF-8 in an unknown field", "not_utf8", reading(b'"x":"\xff"')),
    Malformed("bad UTF-8 in an unknown key", "not_utf8", reading(b'"\xc0\xaf":1')),
    Malformed("surrogate in UTF-8", "not_utf8", reading(category=b'"\xed\xa0\x80"')),
    Malformed("UTF-16 with a byte order mark", "not_utf8", PLAIN.decode().encode("utf-16")),
    Malformed("UTF-16 without one", "nul_character", PLAIN.decode().encode("utf-16-le")),
    Malformed("raw NUL in a text", "nul_character", reading(category=b'"a\x00b"')),
    Malformed("NUL after the object", "nul_character", PLAIN + b"\x00"),
    # JSON
    Malformed("byte order mark", "not_json", b"\xef\xbb\xbf" + PLAIN),
    Malformed("white space only", "not_json", b" \n\t "),
    Malformed("text", "not_json", b"temperature is 21.5"),
    Malformed("cut off", "not_json", PLAIN[:-9]),
    Malformed("cut off inside a text", "not_json", PLAIN[:40]),
    Malformed("two objects", "not_json", PLAIN + PLAIN),
    Malformed("NDJSON", "not_json", PLAIN + b"\n" + PLAIN),
    Malformed("single quotes", "not_json", PLAIN.replace(b'"', b"'")),
    Malformed("trailing comma", "not_json", PLAIN[:-1] + b",}"),
    Malformed("comment", "not_json", PLAIN + b" // ok"),
    Malformed("key without quotes", "not_json", b"{stream:1}"),
    Malformed("leading zero", "not_json", reading(value=b"01")),
    Malformed("plus sign", "not_json", reading(value=b"+1")),
    Malformed("no digit after the point", "not_json", reading(value=b"1.")),
    Malformed("hexadecimal", "not_json", reading(value=b"0x10")),
    Malformed("decimal comma", "not_json", reading(value=b"21,5")),
    Malformed("raw line break in a text", "not_json", reading(category=b'"a\nb"')),
    Malformed("bad escape", "not_json", reading(category=rb'"\x41"')),
    Malformed("schema registry framing", "nul_character", struct.pack(">bI", 0, 7) + PLAIN),
    Malformed("list", "not_an_object", b"[" + PLAIN + b"]"),
    Malformed("null", "not_an_object", b"null"),
    Malformed("number", "not_an_object", b"21.5"),
    Malformed("object inside a text", "not_an_object", b'"' + PLAIN.replace(b'"', b'\\"') + b'"'),
    Malformed("twenty-one levels in an unknown field", "too_deep", reading(b'"x":' + b"[" * 20 + b"]" * 20)),
    Malformed("100,000 lists", "too_deep", reading(b'"x":' + b"[" * 100_000 + b"]" * 100_000)),
    Malformed("100,000 objects never closed", "too_deep", b'{"x":' * 100_000),
    Malformed("field twice", "duplicate_key", reading(b'"value":2')),
    Malformed("field twice, once escaped", "duplicate_key", reading(rb'"v\u0061lue":2')),
    Malformed("unknown field twice", "duplicate_key", reading(b'"x":1', b'"x":1')),
    Malformed("field twice inside an unknown field", "duplicate_key", reading(b'"x":[{"y":1,"y":2}]')),
    # fields and types
    Malformed("empty object", "missing_field", b"{}"),
    Malformed("no stream", "missing_field", b'{"category":"c","value":1}'),
    Malformed("no category", "missing_field", b'{"stream":"odd","value":1}'),
    Malformed("no value", "missing_field", b'{"stream":"odd","category":"c"}'),
    Malformed("other upper and lower case", "missing_field", b'{"Stream":"odd","category":"c","value":1}'),
    Malformed("value true", "wrong_type", reading(value=b"true")),
    Malformed("value null", "wrong_type", reading(value=b"null")),
    Malformed("value as text", "wrong_type", reading(value=b'"3.5"')),
    Malformed("value as list", "wrong_type", reading(value=b"[1]")),
    Malformed("NaN as text", "wrong_type", reading(value=b'"NaN"')),
    Malformed("stream a number", "wrong_type", reading(stream=b"7")),
    Malformed("category null", "wrong_type", reading(category=b"null")),
    Malformed("timestamp a number", "wrong_type", reading(b'"timestamp":1767323045')),
    Malformed("timestamp null", "wrong_type", reading(b'"timestamp":null')),
    Malformed("id a number", "wrong_type", reading(b'"id":7', TIME)),
    Malformed("id null", "wrong_type", reading(b'"id":null', TIME)),
    # texts
    Malformed("NUL in a category", "nul_character", reading(category=rb'"a\u0000"')),
    Malformed("NUL in a stream", "nul_character", reading(stream=rb'"a\u0000"')),
    Malformed("NUL in an unknown key", "nul_character", reading(rb'"x\u0000":1')),
    Malformed("lone surrogate in a category", "lone_surrogate", reading(category=rb'"\ud83c"')),
    Malformed("second half of a pair alone", "lone_surrogate", reading(category=rb'"\udf21"')),
    Malformed("lone surrogate in an unknown field", "lone_surrogate", reading(rb'"x":["\ud800"]')),
    Malformed("empty stream", "bad_stream", reading(stream=b'""')),
    Malformed("stream with a slash", "bad_stream", reading(stream=b'"a/b"')),
    Malformed("stream of 65 characters", "bad_stream", reading(stream=b'"' + b"a" * 65 + b'"')),
    Malformed("stream that begins with a dot", "bad_stream", reading(stream=b'".a"')),
    Malformed("stream that ends with a line break", "bad_stream", reading(stream=rb'"a\n"')),
    Malformed("stream with an umlaut", "bad_stream", reading(stream='"größe"'.encode())),
    Malformed("empty category", "bad_category", reading(category=b'""')),
    Malformed("category of 129 characters", "bad_category", reading(category=b'"' + b"a" * 129 + b'"')),
    Malformed("category with a tab", "bad_category", reading(category=rb'"a\tb"')),
    Malformed("category with DEL", "bad_category", reading(category=b'"a\x7f"')),
    Malformed("category with a C1 control", "bad_category", reading(category=rb'"a\u0085"')),
    # ids and times
    Malformed("id that is no UUID", "bad_id", reading(b'"id":"17"', TIME)),
    Malformed("id without dashes", "bad_id", reading(b'"id":"0195f2b47c1e7d5a9b3f2f6a1c0d4e11"', TIME)),
    Malformed("id in braces", "bad_id", reading(b'"id":"{0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11}"', TIME)),
    Malformed("id with a letter too far", "bad_id", reading(b'"id":"0195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e1g"', TIME)),
    Malformed(
        "id with full-width digits",
        "bad_id",
        reading('"id":"\uff10195f2b4-7c1e-7d5a-9b3f-2f6a1c0d4e11"'.encode(), TIME),
    ),
    Malformed("id without timestamp", "id_without_timestamp", reading(ID)),
    Malformed("time without zone", "naive_timestamp", at(b"2026-01-02T03:04:05")),
    Malformed("time without seconds", "bad_timestamp", at(b"2026-01-02T03:04Z")),
    Malformed("date only", "bad_timestamp", at(b"2026-01-02")),
    Malformed("space for T", "bad_timestamp", at(b"2026-01-02 03:04:05Z")),
    Malformed("second 60", "bad_timestamp", at(b"2026-01-02T03:04:60Z")),
    Malformed("hour 24", "bad_timestamp", at(b"2026-01-02T24:00:00Z")),
    Malformed("month 13", "bad_timestamp", at(b"2026-13-02T03:04:05Z")),
    Malformed("February 29 of no leap year", "bad_timestamp", at(b"2025-02-29T03:04:05Z")),
    Malformed("offset of 24 hours", "bad_timestamp", at(b"2026-01-02T03:04:05+24:00")),
    Malformed("offset without colon", "bad_timestamp", at(b"2026-01-02T03:04:05+0200")),
    Malformed("comma before the fraction", "bad_timestamp", at(b"2026-01-02T03:04:05,5Z")),
    Malformed("year of five digits", "bad_timestamp", at(b"12026-01-02T03:04:05Z")),
    Malformed("year 0", "bad_timestamp", at(b"0000-01-02T03:04:05Z")),
    Malformed("year 0 in UTC", "bad_timestamp", at(b"0001-01-01T00:00:00+00:01")),
    Malformed("empty time", "bad_timestamp", at(b"")),
    Malformed("full-width digits in a time", "bad_timestamp", at("\uff12026-01-02T03:04:05Z".encode())),
    Malformed("year 1", "too_old", at(b"0001-01-01T00:00:00Z")),
    Malformed("1999", "too_old", at(b"1999-12-31T23:59:59Z")),
    Malformed("year 2999", "in_the_future", at(b"2999-01-01T00:00:00Z")),
    Malformed("year 9999", "in_the_future", at(b"9999-12-31T23:59:59.999999Z")),
    # numbers
    Malformed("NaN", "not_finite", reading(value=b"NaN")),
    Malformed("Infinity", "not_finite", reading(value=b"Infinity")),
    Malformed("-Infinity", "not_finite", reading(value=b"-Infinity")),
    Malformed("1e999", "not_finite", reading(value=b"1e999")),
    Malformed("integer of 5,000 digits", "not_finite", reading(value=b"9" * 5000)),
    Malformed("NaN in an unknown field", "not_finite", reading(b'"x":NaN')),
    Malformed("1e999 in an unknown field", "not_finite", reading(b'"x":1e999')),
    Malformed("just beyond 1e15", "out_of_range", reading(value=b"1000000000000000.2")),
    Malformed("-1e300", "out_of_range", reading(value=b"-1e300")),
    Malformed("integer of 20 digits", "out_of_range", reading(value=b"9" * 20)),
    # headers
    Malformed("header that is not UTF-8", "bad_headers", PLAIN, headers=(("trace", b"\xff\xfe"),)),
    Malformed("header with NUL", "bad_headers", PLAIN, headers=(("trace", b"a\x00"),)),
    Malformed("header without a name", "bad_headers", PLAIN, headers=(("", b"a"),)),
    Malformed("header with a control character in its name", "bad_headers", PLAIN, headers=(("a\nb", b"a"),)),
    Malformed("replay that nobody asked for", "unknown_replay", PLAIN, headers=(("replay-of", b"1/readings/0/7"),)),
    Malformed("replay of no place", "unknown_replay", PLAIN, headers=(("Replay-Of", b"1/readings/0"),)),
    Malformed("replay of two", "unknown_replay", PLAIN, headers=(("replay-of", b"1/readings/0/7"),) * 2),
    # rows
    Malformed("row: tombstone", "empty", None, topic="rows"),
    Malformed("row: a reading", "missing_field", PLAIN, topic="rows"),
    Malformed("row: data a list", "wrong_type", row(b"[1]"), topic="rows"),
    Malformed("row: data null", "wrong_type", row(b"null"), topic="rows"),
    Malformed("row: number with decimals", "wrong_type", row(b"{}", b"1.0"), topic="rows"),
    Malformed("row: number true", "wrong_type", row(b"{}", b"true"), topic="rows"),
    Malformed("row: negative number", "out_of_range", row(b"{}", b"-1"), topic="rows"),
    Malformed("row: number beyond 64 bits", "out_of_range", row(b"{}", b"9223372036854775808"), topic="rows"),
    Malformed("row: NUL in a text", "nul_character", row(rb'{"a":["x\u0000"]}'), topic="rows"),
    Malformed("row: NUL in a key", "nul_character", row(rb'{"a":{"x\u0000":1}}'), topic="rows"),
    Malformed("row: lone surrogate", "lone_surrogate", row(rb'{"a":"\ud800"}'), topic="rows"),
    Malformed("row: bad UTF-8", "not_utf8", row(b'{"a":"\xff"}'), topic="rows"),
    Malformed("row: field twice", "duplicate_key", row(b'{"a":{"b":1,"b":2}}'), topic="rows"),
    Malformed("row: 1e999", "not_finite", row(b'{"a":1e999}'), topic="rows"),
    Malformed("row: NaN", "not_finite", row(b'{"a":[NaN]}'), topic="rows"),
    Malformed("row: integer of 400 digits", "not_finite", row(b'{"a":' + b"9" * 400 + b"}"), topic="rows"),
    Malformed("row: integer of 5,000 digits", "not_finite", row(b'{"a":' + b"9" * 5000 + b"}"), topic="rows"),
    Malformed("row: twenty-one levels", "too_deep", row(b'{"a":' * 19 + b"{}" + b"}" * 19), topic="rows"),
    Malformed("row: 100,000 lists", "too_deep", row(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"), topic="rows"),
)

STRANGE = (
    Strange("white space everywhere", b'\r\n {\t"stream" : "odd" ,\n"category": "c","value" :\t1 } \n', 1),
    Strange("unknown schema version", reading(b'"schema_version":99'), 1),
    Strange("twenty levels in an unknown field", reading(b'"x":' + b"[" * 19 + b"]" * 19), 1),
    Strange("brackets inside a text", reading(b'"x":"' + b"[" * 50 + b'"'), 1),
    Strange("every letter escaped", reading(category=rb'"\u0063"'), 1),
    Strange("escaped key", reading(rb'"\u0078":1'), 1),
    Strange("escaped backslash before u0000", reading(category=rb'"\\u0000"'), 1),
    Strange("surrogate pair", reading(category=rb'"\ud83c\udf21"'), 1),
    Strange("category of 128 characters beyond ASCII", reading(category=b'"' + "\u6e29".encode() * 128 + b'"'), 1),
    Strange("offset of -23:59", at(b"2026-01-02T03:04:05-23:59"), 1),
    Strange("fraction of a thousand digits", at(b"2026-01-02T03:04:05." + b"9" * 1000 + b"Z"), 1),
    Strange("integer of 16 digits", reading(value=b"1000000000000000"), 1e15),
    Strange("5,000 decimals", reading(value=b"1." + b"0" * 5000), 1),
    Strange("smallest number", reading(value=b"5e-324"), 5e-324),
    Strange("smaller than any", reading(value=b"1e-400"), 0),
    Strange("minus nothing", reading(value=b"-0"), 0),
    Strange("large exponent of nothing", reading(value=b"0e999"), 0),
    Strange("almost 1 MiB", reading(b'"pad":"' + b"x" * 1_000_000 + b'"'), 1),
    Strange("header without a value", PLAIN, 1, headers=(("trace", None),)),
    Strange("two headers of one name", PLAIN, 1, headers=(("trace", b"a"), ("trace", b"b"))),
)
