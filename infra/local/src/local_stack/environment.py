"""Settings in the environment that nobody knows are refused by name: a misspelt one would silently do nothing."""

import difflib
import importlib
import inspect
from collections.abc import Iterable, Iterator, Mapping

from pydantic import BaseModel

from chassis.errors import StartError
from chassis.settings import ServiceSettings

PREFIX = "TIDELINE_"
SETTINGS_MODULES = ("local_stack", "provision", "producer", "processor", "query_api")
OTHERS = {f"{PREFIX}{name}" for name in ("CONFIG_DIR", "TEST_STACK", "TEST_BROWSER", "TEST_LONG", "URL", "KEY")}
"""Read outside of the settings classes: by the tests, by the command line."""
OF_ONE_SERVICE = {
    f"{PREFIX}HTTP_PORT": f"set {PREFIX}PORTS__QUERY_API, {PREFIX}PORTS__PRODUCER or {PREFIX}PORTS__PROCESSOR",
    f"{PREFIX}NAME": "remove it, the stack names its processes",
    f"{PREFIX}PRODUCER_URL": f"set {PREFIX}PORTS__PRODUCER",
}


def check_environment(environ: Mapping[str, str], known: Iterable[str]) -> None:
    """Raise StartError that names every TIDELINE_ key which no part of the stack reads, with the nearest known one."""
    known = sorted({*known, *OTHERS})
    wrong = []
    for key in sorted(key for key in environ if key.upper().startswith(PREFIX)):
        if key.upper() in OF_ONE_SERVICE:
            wrong.append(f"{key} would change one service only: {OF_ONE_SERVICE[key.upper()]}")
        elif key.upper() not in known:
            near = difflib.get_close_matches(key.upper(), known, n=1)
            wrong.append(f"{key} is not a setting: " + (f"did you mean {near[0]}?" if near else "remove it"))
    if wrong:
        raise StartError("; ".join(wrong))


def known_keys() -> set[str]:
    """Every environment key that the stack or a service reads, from the fields of their settings classes."""
    return {key for settings in settings_classes() for key in keys_of(settings)}


def settings_classes() -> list[type[ServiceSettings]]:
    """The settings classes of all services and of the stack itself."""
    found = []
    for name in SETTINGS_MODULES:
        module = importlib.import_module(f"{name}.settings")
        for _, value in inspect.getmembers(module, inspect.isclass):
            if issubclass(value, ServiceSettings) and value.__module__ == module.__name__:
                found.append(value)
    return found


def keys_of(model: type[BaseModel], prefix: str = PREFIX) -> Iterator[str]:
    """The environment keys of a settings class: its fields, and those of its sections after `__`."""
    for name, field in model.model_fields.items():
        key = prefix + name.upper()
        yield key
        if inspect.isclass(field.annotation) and issubclass(field.annotation, BaseModel):
            yield from keys_of(field.annotation, f"{key}__")
