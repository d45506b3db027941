"""The numbers that a dataset row contributes to series."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from contracts.checks import valid_category, valid_value
from contracts.events import Row

SAMPLES_MAX = 512
"""Most samples of one row."""
_SPECIAL = re.compile("[,={}%]")


@dataclass(frozen=True)
class Rules:
    """Which fields of a stream's rows become samples, and what else goes into their categories; default: all, nothing.

    `include` and `exclude` are patterns of dotted names as a shell has them (`state.*`; `*` crosses dots, case counts);
    no `include` includes all, `exclude` wins. `split_by` are dotted names of fields whose values become labels.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    split_by: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> "Rules":
        """The rules in a stream's spec: `{"fields": {"include": […], "exclude": […]}, "split_by": […]}`."""
        fields = spec.get("fields") or {}
        parts = fields.get("include"), fields.get("exclude"), spec.get("split_by")
        return cls(*(tuple(part or ()) for part in parts))

    def wants(self, name: str) -> bool:
        """Whether the field of this dotted name may be a sample."""
        if self._included is not None and not self._included.fullmatch(name):
            return False
        return self._excluded is None or not self._excluded.fullmatch(name)

    @cached_property
    def _included(self) -> re.Pattern[str] | None:
        return _any_of(self.include)

    @cached_property
    def _excluded(self) -> re.Pattern[str] | None:
        return _any_of(self.exclude)


ALL_FIELDS = Rules()


class Samples(NamedTuple):
    """(category, value) in the order of the row, and how many fields could not be a sample."""

    values: list[tuple[str, float]]
    skipped: int


def samples(row: Row, rules: Rules = ALL_FIELDS) -> Samples:
    """Every wanted number, and true and false as 1 and 0, under its category.

    Skipped and counted: text, lists, |value| > 1e15, names that are no category, a name that was there already, and all
    beyond the 512th. Neither sample nor skipped: null, and what the rules leave out.
    """
    found: dict[str, float] = {}
    skipped = _Collector(rules, found, labels(row.data, rules.split_by)).collect(row.data, "")
    return Samples(list(found.items()), skipped)


def labels(data: Mapping[str, Any], split_by: tuple[str, ...]) -> str:
    """The end of each category of a row: `{machine=M-3,mold=7}` in the order of `split_by`, `,={}%` percent-encoded.

    Text stands as it is, numbers, true and false as JSON writes them; a field that the row does not have, null, a list
    and an object are left out; without any label: the empty text.
    """
    found = [(name, value_at(data, name)) for name in split_by]
    pairs = [f"{_quote(name)}={_quote(_text(value))}" for name, value in found if _is_label(value)]
    return "{" + ",".join(pairs) + "}" if pairs else ""


def category(name: str, label: str, rules: Rules) -> str:
    """The category of a field, `label` being that of its row: `CycleTime{machine=M-3}`."""
    return _quote(name) + label if rules.split_by else name


def value_at(data: Mapping[str, Any], name: str) -> Any:
    """The value of a dotted name (`state.mold`, nested or not), the first in the row; None: there is none."""
    for key, value in data.items():
        if key == name:
            return value
        if isinstance(value, dict) and name.startswith(f"{key}."):
            inner = value_at(value, name[len(key) + 1 :])
            if inner is not None:
                return inner
    return None


@dataclass(frozen=True)
class _Collector:
    rules: Rules
    found: dict[str, float]
    label: str

    def collect(self, data: Mapping[str, Any], prefix: str) -> int:
        """Add the samples of one object to `found`; the number of fields that are none."""
        skipped = 0
        for key, value in data.items():
            if isinstance(value, dict):
                skipped += self.collect(value, f"{prefix}{key}.")
            elif value is not None and self.rules.wants(name := prefix + key):
                name = category(name, self.label, self.rules)
                if len(self.found) < SAMPLES_MAX and name not in self.found and _is_sample(name, value):
                    self.found[name] = float(value)
                else:
                    skipped += 1
        return skipped


def _is_sample(name: str, value: object) -> bool:
    return isinstance(value, (int, float)) and valid_value(value) and valid_category(name)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(map(translate, patterns))) if patterns else None


def _is_label(value: object) -> bool:
    return isinstance(value, (str, int, float))


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _quote(text: str) -> str:
    return _SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", text)
