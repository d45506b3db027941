"""Where settings come from, which one wins, and what a wrong one is answered with."""

import os
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

from chassis.errors import StartError
from chassis.settings import KafkaClientSettings, PostgresClientSettings, Section, load_settings

PASSWORD = "hunter2"


class BatchSettings(Section):
    records: int = Field(10, ge=1)
    hosts: tuple[str, ...] = ()


class ShopSettings(KafkaClientSettings, PostgresClientSettings):
    shop_port: int = 7000
    token: SecretStr = SecretStr("")
    batch: BatchSettings = Field(default_factory=BatchSettings)
    names: list[str] = Field(default=[])


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty shop.toml, and nothing of this machine's environment."""
    for name in [name for name in os.environ if name.startswith("TIDELINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIDELINE_CONFIG_DIR", str(tmp_path))
    (tmp_path / "shop.toml").write_text("")
    return tmp_path / "shop.toml"


def load() -> ShopSettings:
    return load_settings(ShopSettings, "shop")


def refusal() -> str:
    """What a wrong setting is answered with."""
    with pytest.raises(StartError) as error:
        load()
    return str(error.value)


def test_an_empty_file_means_the_defaults() -> None:
    settings = load()
    assert (settings.kafka_bootstrap, settings.shop_port, settings.batch.records) == ("127.0.0.1:9092", 7000, 10)


def test_the_file_beats_the_default_and_the_environment_beats_the_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("shop_port = 7001\n[batch]\nrecords = 20\n")
    assert (load().shop_port, load().batch.records) == (7001, 20)
    monkeypatch.setenv("TIDELINE_SHOP_PORT", "7002")
    monkeypatch.setenv("TIDELINE_BATCH__RECORDS", "30")
    assert (load().shop_port, load().batch.records) == (7002, 30)


def test_the_environment_changes_one_key_of_a_section_and_leaves_the_others(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text("[postgres]\npool_min = 2\n")
    monkeypatch.setenv("TIDELINE_POSTGRES__POOL_MAX", "9")
    assert (load().postgres.pool_min, load().postgres.pool_max) == (2, 9)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("shop_prot = 7001", "shop_prot (TIDELINE_SHOP_PROT): unknown key"),
        ("[batch]\nrecord = 1", "batch.record (TIDELINE_BATCH__RECORD): unknown key"),
        ("[bach]\nrecords = 1", "bach (TIDELINE_BACH): unknown key"),
        ("[batch]\nrecords = 0", "batch.records (TIDELINE_BATCH__RECORDS): Input should be greater"),
        ('shop_port = "many"', "shop_port (TIDELINE_SHOP_PORT): Input should be a valid integer"),
        ('topic_prefix = "a b"', "topic_prefix (TIDELINE_TOPIC_PREFIX): String should match"),
    ],
)
def test_a_wrong_key_is_named_with_its_file_and_its_variable(config: Path, text: str, names: str) -> None:
    config.write_text(text)
    assert names in refusal()
    assert str(config) in refusal()


def test_what_is_wrong_inside_a_list_is_named_by_the_variable_of_the_list(config: Path) -> None:
    config.write_text("names = ['a', 2]\n")
    assert "names.1 (TIDELINE_NAMES): Input should be a valid string" in refusal()


def test_every_wrong_key_is_named_at_once(config: Path) -> None:
    config.write_text("first = 1\nsecond = 2\n")
    assert "first" in refusal()
    assert "second" in refusal()


def test_an_unknown_nested_variable_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_BATCH__RECORD", "1")
    assert "TIDELINE_BATCH__RECORD" in refusal()


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("TIDELINE_BATCH__HOSTS", "batch.hosts (TIDELINE_BATCH__HOSTS): write a list, in the environment as JSON"),
        ("TIDELINE_NAMES", "names (TIDELINE_NAMES): write a list, in the environment as JSON"),
        ("TIDELINE_BATCH", "batch (TIDELINE_BATCH): Input should be a valid dictionary"),
    ],
)
def test_a_variable_that_should_be_json_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, variable: str, says: str
) -> None:
    monkeypatch.setenv(variable, PASSWORD)
    assert says in refusal()
    assert PASSWORD not in refusal()


def test_a_list_comes_by_environment_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_BATCH__HOSTS", '["a", "b"]')
    monkeypatch.setenv("TIDELINE_NAMES", '["c"]')
    assert (load().batch.hosts, load().names) == (("a", "b"), ["c"])


@pytest.mark.parametrize(
    "text", [f'token = ["{PASSWORD}"]', f'[token]\nvalue = "{PASSWORD}"', f'shop_port = "{PASSWORD}"']
)
def test_a_wrong_value_is_not_repeated(config: Path, text: str) -> None:
    config.write_text(text)
    assert PASSWORD not in refusal()


def test_a_secret_is_never_printed(config: Path) -> None:
    config.write_text(f'token = "{PASSWORD}"\npostgres_dsn = "postgresql://tideline_api:{PASSWORD}@db/tideline"\n')
    settings = load()
    shown = [repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())]
    assert not [text for text in shown if PASSWORD in text]
    assert PASSWORD in settings.postgres_dsn.get_secret_value()


def test_a_file_that_is_no_toml_is_named_with_the_line(config: Path) -> None:
    config.write_text("shop_port = \n")
    assert str(config) in refusal()
    assert "line 1" in refusal()


def test_a_missing_file_in_a_chosen_folder_is_refused(config: Path) -> None:
    config.unlink()
    assert f"no settings file {config}" in refusal()


def test_without_a_chosen_folder_a_missing_file_means_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIDELINE_CONFIG_DIR")
    monkeypatch.chdir(tmp_path)
    assert load().shop_port == 7000
