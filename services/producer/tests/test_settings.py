import pytest

from chassis.errors import StartError
from chassis.settings import load_settings
from producer.settings import ProducerSettings


@pytest.mark.parametrize("name", ["x" * 129, "a\nb"])
def test_a_field_that_no_dataset_may_name_is_refused_at_the_start(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDELINE_DATASETS__TIMESTAMP_FIELD", name)
    with pytest.raises(StartError, match="TIDELINE_DATASETS__TIMESTAMP_FIELD"):
        load_settings(ProducerSettings, "producer")
