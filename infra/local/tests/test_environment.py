import pytest

from chassis.errors import StartError
from local_stack.environment import check_environment, keys_of, known_keys
from local_stack.settings import LocalSettings


def test_a_misspelt_key_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(StartError, match=r"TIDELINE_PROCESORS is not a setting: did you mean TIDELINE_PROCESSORS\?"):
        check_environment({"TIDELINE_PROCESORS": "2"}, keys_of(LocalSettings))


def test_every_unknown_key_is_named() -> None:
    with pytest.raises(StartError, match=r"TIDELINE_QQQ.*TIDELINE_ZZZ"):
        check_environment({"TIDELINE_ZZZ": "1", "TIDELINE_QQQ": "1", "PATH": "/bin"}, [])


def test_values_are_not_shown() -> None:
    with pytest.raises(StartError) as caught:
        check_environment({"TIDELINE_POSTGRES_DNS": "postgresql://me:hunter2@db/x"}, known_keys())
    assert "hunter2" not in str(caught.value)
    assert "TIDELINE_POSTGRES_DSN?" in str(caught.value)


def test_keys_of_one_service_are_refused_with_the_key_that_serves() -> None:
    with pytest.raises(StartError, match="TIDELINE_PORTS__QUERY_API"):
        check_environment({"TIDELINE_HTTP_PORT": "9000"}, known_keys())


def test_settings_of_all_services_and_of_sections_are_known() -> None:
    wanted = {
        "TIDELINE_PORTS__KAFKA",  # the stack
        "TIDELINE_ROLE_PASSWORDS__API",  # provision
        "TIDELINE_BUILT_IN__DEMO",  # producer
        "TIDELINE_BATCH__RECORDS",  # processor
        "TIDELINE_LIMITS__ROWS_MAX",  # query-api
        "TIDELINE_LOG__LEVEL",  # all
    }
    assert wanted <= known_keys()
    check_environment(dict.fromkeys(wanted, "1"), known_keys())
