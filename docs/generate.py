"""`make docs`: what is generated from code: docs/configuration.md, docs/cli.md, a table in docs/events.md, schemas, the
dashboard's OpenAPI document."""

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from docs import asyncapi, scaling
from docs.command_line import command_line
from docs.licences import licences
from mutants.bugs import MUTANTS
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic.json_schema import models_json_schema

from chassis.settings import ServiceSettings
from contracts.reasons import Reason
from contracts.schema import MESSAGES, schema_text
from local_stack.settings import LocalSettings
from processor.settings import ProcessorSettings
from producer.routes.datasets import NewDataset
from producer.routes.streams import NewStream
from producer.settings import ProducerSettings
from provision.settings import ProvisionSettings
from query_api.database import Database
from query_api.main import build_app
from query_api.settings import QueryApiSettings

ROOT = Path(__file__).parents[1]
SERVICES: dict[str, type[ServiceSettings]] = {
    "producer": ProducerSettings,
    "processor": ProcessorSettings,
    "query-api": QueryApiSettings,
    "provision": ProvisionSettings,
    "local": LocalSettings,
}
"""Each service and the class that its infra/config/<service>.toml is read into."""

REFERENCE = "#/components/schemas/{model}"
"""Where the OpenAPI document of query-api keeps the schemas that others refer to."""

INTRODUCTION = """# Configuration

Written by `make docs` from the settings classes; a test keeps it current.

Each service reads one file, `infra/config/<service>.toml` (another folder: `TIDELINE_CONFIG_DIR`), and then the
environment, which wins: key `batch.records` is `TIDELINE_BATCH__RECORDS` there. A key that is not listed here is
refused by name at the start, and so is a value of the wrong type; values of secrets are never printed.
"""


def configuration() -> str:
    """The text of docs/configuration.md."""
    return INTRODUCTION + "".join(_service(name, settings) for name, settings in SERVICES.items())


def events(text: str) -> str:
    """docs/events.md with its table of reasons written anew."""
    before, rest = text.split("<!-- reasons:", 1)
    marker, after = rest.split("<!-- /reasons -->", 1)
    rows = "".join(f"| `{reason}` | {reason.cause} | {reason.fix} |\n" for reason in Reason)
    table = f"\n| code | cause | fix |\n|---|---|---|\n{rows}"
    return f"{before}<!-- reasons:{marker.splitlines()[0]}{table}<!-- /reasons -->{after}"


def guarantees(text: str) -> str:
    """docs/guarantees.md with its table of mutants written anew."""
    before, rest = text.split("<!-- mutants -->", 1)
    _, after = rest.split("<!-- /mutants -->", 1)
    rows = "".join(f"| {mutant.name} | {mutant.bug} | `{mutant.test}` |\n" for mutant in MUTANTS)
    return f"{before}<!-- mutants -->\n| name | bug | caught by |\n|---|---|---|\n{rows}<!-- /mutants -->{after}"


def scaling_page(text: str) -> str:
    """docs/scaling.md with its tables written anew."""
    before, rest = text.split("<!-- scaling:", 1)
    marker, after = rest.split("<!-- /scaling -->", 1)
    return f"{before}<!-- scaling:{marker.splitlines()[0]}\n{scaling.tables()}<!-- /scaling -->{after}"


def files() -> dict[Path, str]:
    """Every generated file and the text it should have."""
    event_page = ROOT / "docs" / "events.md"
    guarantee_page = ROOT / "docs" / "guarantees.md"
    scaling_file = ROOT / "docs" / "scaling.md"
    written = {
        ROOT / "docs" / "configuration.md": configuration(),
        ROOT / "docs" / "cli.md": command_line(),
        ROOT / "docs" / "licences.md": licences(ROOT),
        event_page: events(event_page.read_text("utf-8")),
        guarantee_page: guarantees(guarantee_page.read_text("utf-8")),
        scaling_file: scaling_page(scaling_file.read_text("utf-8")),
    }
    for name in MESSAGES:
        written[ROOT / "contracts" / "schema" / f"{name}.json"] = schema_text(name)
    pages = ROOT / "services" / "query-api" / "src" / "query_api" / "pages"
    written[pages / "asyncapi.json"] = _as_file(asyncapi.document())
    written[pages / "new-stream.json"] = _as_file(new_streams())
    written[ROOT / "services" / "dashboard" / "openapi.json"] = _as_file(openapi())
    return written


def openapi() -> dict[str, Any]:
    """The OpenAPI document of query-api, which the dashboard's types are made from. Asks nothing and nobody."""
    settings = QueryApiSettings.model_validate({})
    return build_app(settings, Database(settings), asyncio.Event(), partial(datetime.now, UTC)).openapi()


def new_streams() -> dict[str, Any]:
    """The schemas of what may be started, by name; without `kind` it is a simulation."""
    models: list[tuple[type[BaseModel], Literal["validation"]]] = [
        (NewStream, "validation"),
        (NewDataset, "validation"),
    ]
    schemas: dict[str, Any] = models_json_schema(models, ref_template=REFERENCE)[1]["$defs"]
    schemas["NewDataset"]["required"].append("kind")
    return schemas


def _as_file(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def leaves(settings: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, Any]]:
    """Every key with its dots, its field and its default."""
    for name, field in settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            for inner, inner_field, _ in leaves(type(default)):
                yield f"{name}.{inner}", inner_field, _value_at(default, inner)
        else:
            yield name, field, default


def _value_at(section: BaseModel, key: str) -> Any:
    value: Any = section
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _service(name: str, settings: type[ServiceSettings]) -> str:
    lines = [
        f"| `{key}` | {_shown(default)} | {field.description}{_range(field)} |"
        for key, field, default in leaves(settings)
    ]
    title = f"\n## {name}\n\n`infra/config/{name}.toml`\n\n| key | default | what |\n|---|---|---|\n"
    return title + "\n".join(lines) + "\n"


def _shown(default: Any) -> str:
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    match default:
        case None | "":
            return "none"
        case bool():
            return f"`{str(default).lower()}`"
        case list() | tuple():
            return f"`{json.dumps(list(default))}`"
        case _:
            return f"`{default}`"


def _range(field: FieldInfo) -> str:
    """What the field's own limits say, as the end of its description."""
    if get_origin(field.annotation) is Literal:
        return " One of " + ", ".join(f"`{choice}`" for choice in get_args(field.annotation)) + "."
    signs = {"ge": "≥ ", "gt": "> ", "le": "≤ ", "lt": "< ", "pattern": ""}
    limits = [
        f"{sign}{getattr(each, name):,}" if sign else f"`{getattr(each, name)}`".replace("|", "\\|")
        for each in field.metadata
        for name, sign in signs.items()
        if getattr(each, name, None) is not None
    ]
    return f" ({', '.join(limits)})" if limits else ""


def main() -> int:
    """Write each file that differs and name it; the exit code. Twice: the OpenAPI document holds others of them."""
    for _ in range(2):
        for path, text in files().items():
            if not path.exists() or path.read_text("utf-8") != text:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, "utf-8")
                print(f"written: {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
