"""Keys by their sha256, and the tokens that stand for them."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from query_api.keys import Keys
from query_api.settings import ApiKey, QueryApiSettings

SECRET = b"s" * 32


def known(name: str, key: str, scope: str = "read") -> ApiKey:
    return ApiKey.model_validate({"name": name, "scope": scope, "sha256": sha256(key.encode()).hexdigest()})


A, B = known("a", "key of a"), known("b", "key of b", "control")


def test_a_key_is_known_by_its_sha256_and_nothing_else_is() -> None:
    keys = Keys([A, B], SECRET)
    assert (keys.of_key("key of a"), keys.of_key("key of b")) == (A, B)
    for other in ("", "key of c", "key of a ", A.sha256, "schlüssel"):
        assert keys.of_key(other) is None


def test_without_keys_none_is_wanted() -> None:
    assert not Keys([], SECRET).wanted
    assert Keys([A], SECRET).wanted


def test_a_token_stands_for_its_key_until_its_time() -> None:
    keys = Keys([A, B], SECRET)
    token = keys.token(B, 1_000)
    assert keys.of_token(token, 999.0) is B
    assert keys.of_token(token, 1_000.5) is None


def test_a_token_ends_with_its_key_its_scope_and_its_secret() -> None:
    token = Keys([A, B], SECRET).token(B, 1_000)
    assert Keys([A], SECRET).of_token(token, 0) is None
    assert Keys([A, known("b", "key of b", "read")], SECRET).of_token(token, 0) is None
    assert Keys([A, B], b"t" * 32).of_token(token, 0) is None


@given(st.text(max_size=100) | st.from_regex(r"[0-9]{1,30}\.[0-9a-f]{64}", fullmatch=True))
def test_no_other_text_is_a_token(text: str) -> None:
    keys = Keys([A, B], SECRET)
    assert keys.of_token(text, 0) is None
    assert keys.of_token(keys.token(A, 1_000).replace("1000.", "2000."), 0) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"api_keys": [{"name": "a", "scope": "write", "sha256": A.sha256}]},
        {"api_keys": [{"name": "a b", "scope": "read", "sha256": A.sha256}]},
        {"api_keys": [{"name": "a", "scope": "read", "sha256": "tideline_secret"}]},
        {"api_keys": [A.model_dump(), known("a", "another").model_dump()]},
        {"api_keys": [A.model_dump(), known("b", "key of a").model_dump()]},
        {"session": {"secret": "tideline_secret"}},
    ],
)
def test_wrong_keys_are_refused_without_repeating_them(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        QueryApiSettings.model_validate(wrong)
    assert "tideline_secret" not in str(caught.value)
