"""openapi.json is the contract that `cog build` would derive from predict.py; here the two are held together.

Cog derives it by reading predict.py's source without running it, while callers meet the running class. So the
expected document is worked out from both: types, defaults and constraints from the live signature, and from the
source whether Cog's reader sees the same words. And the real server is asked whatever the document allows, and what
it does not.
"""

import ast
import base64
import inspect
import json
import shutil
import types
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cog
import pytest
import requests
import schemathesis
from cog.predictor import load_predictor_from_ref
from hypothesis import assume, settings

from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.training.dataset import read_index
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT

DOCUMENT = ROOT / "openapi.json"
SOURCE = ROOT / "predict.py"

SCHEMA_OF_TYPE: dict[Any, dict[str, str]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    cog.Path: {"type": "string", "format": "uri"},
}
KEY_OF_CONSTRAINT = {
    "ge": "minimum",
    "le": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "regex": "pattern",
    "deprecated": "deprecated",
    "accept": "x-cog-accept",
}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def run() -> Any:
    """The method behind POST /predictions, found the way Cog's server finds it."""
    predictor: Any = load_predictor_from_ref(f"{SOURCE}:Predictor")
    return type(predictor).run


@pytest.fixture(scope="module")
def input_calls() -> dict[str, ast.Call]:
    """Each parameter's `Input(...)` as it stands in the source, which is all that Cog's reader knows."""
    module = ast.parse(SOURCE.read_text(encoding="utf-8"))
    predictor = next(node for node in module.body if isinstance(node, ast.ClassDef) and node.name == "Predictor")
    method = next(node for node in predictor.body if isinstance(node, ast.AsyncFunctionDef) and node.name == "run")
    names = [argument.arg for argument in method.args.args if argument.arg != "self"]
    calls = [default for default in method.args.defaults if isinstance(default, ast.Call)]
    return dict(zip(names, calls, strict=True))


def unwrap_optional(annotation: Any) -> tuple[Any, bool]:
    """The type inside `X | None`, and whether None was allowed."""
    if typing.get_origin(annotation) not in (types.UnionType, typing.Union):
        return annotation, False
    members = typing.get_args(annotation)
    inner = [member for member in members if member is not types.NoneType]
    assert len(inner) == 1, f"Cog has no plain schema for {annotation}"
    return inner[0], len(members) == 2


def title(name: str) -> str:
    return " ".join(word[:1].upper() + word[1:] for word in name.split("_"))


def expected_input(run: Any, calls: dict[str, ast.Call]) -> dict[str, Any]:
    """The Input component for this signature."""
    hints = typing.get_type_hints(run)
    properties: dict[str, Any] = {}
    required: list[str] = []
    parameters = [parameter for parameter in inspect.signature(run).parameters.values() if parameter.name != "self"]
    for order, parameter in enumerate(parameters):
        field = parameter.default
        assert isinstance(field, cog.FieldInfo), f"{parameter.name} wants an Input(...) with a description"
        assert field.choices is None, "choices become a component of their own: teach this test about them"
        inner, nullable = unwrap_optional(hints[parameter.name])
        entry: dict[str, Any] = {"title": title(parameter.name), "x-order": order, **SCHEMA_OF_TYPE[inner]}
        if nullable:
            entry["nullable"] = True
        # Input() and Input(default=None) are one and the same at run time; only the source tells them apart.
        has_default = any(keyword.arg == "default" for keyword in calls[parameter.name].keywords)
        if has_default and (nullable or field.default is not None):
            entry["default"] = field.default
        elif not nullable:
            required.append(parameter.name)
        if field.description is not None:
            entry["description"] = field.description
        for constraint, key in KEY_OF_CONSTRAINT.items():
            if (value := getattr(field, constraint)) is not None:
                entry[key] = value
        properties[parameter.name] = entry
    component: dict[str, Any] = {"title": "Input", "type": "object", "properties": properties}
    return component | ({"required": required} if required else {})


def expected_output(run: Any) -> dict[str, Any]:
    """The Output component for the model that run() returns."""
    model = typing.get_type_hints(run)["return"]
    assert issubclass(model, cog.BaseModel)
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, annotation in typing.get_type_hints(model).items():
        inner, nullable = unwrap_optional(annotation)
        properties[name] = {"title": title(name), **SCHEMA_OF_TYPE[inner]} | ({"nullable": True} if nullable else {})
        if not nullable and not hasattr(model, name):
            required.append(name)
    component: dict[str, Any] = {"title": "Output", "type": "object", "properties": properties}
    return component | ({"required": required} if required else {})


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for item in node:
            yield from references(item)


def test_input_is_the_signature_of_run(document: dict[str, Any], run: Any, input_calls: dict[str, ast.Call]) -> None:
    component = document["components"]["schemas"]["Input"]
    expected = expected_input(run, input_calls)
    assert component == expected
    assert list(component["properties"]) == list(expected["properties"])


def test_output_is_the_model_that_run_returns(document: dict[str, Any], run: Any) -> None:
    component = document["components"]["schemas"]["Output"]
    expected = expected_output(run)
    assert component == expected
    assert list(component["properties"]) == list(expected["properties"])


def test_cog_reads_the_same_words_from_the_source(run: Any, input_calls: dict[str, ast.Call]) -> None:
    """Cog's reader cuts the quotes off a literal: joined strings and escapes would reach callers as source text."""
    source = SOURCE.read_text(encoding="utf-8")
    parameters = inspect.signature(run).parameters
    for name, call in input_calls.items():
        assert call.args == [], f"{name}: Cog's reader only sees keyword arguments of Input()"
        written = {keyword.arg: ast.get_source_segment(source, keyword.value) for keyword in call.keywords}
        description = parameters[name].default.description
        assert (written.get("description") or "")[1:-1] == description, f"{name}: one plain string literal, please"


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    components = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= components


def test_paths_are_those_of_a_cog_model(document: dict[str, Any]) -> None:
    methods = {path: list(operations) for path, operations in document["paths"].items()}
    assert methods == {
        "/": ["get"],
        "/health-check": ["get"],
        "/predictions": ["post"],
        "/predictions/{prediction_id}/cancel": ["post"],
    }


def test_document_is_of_the_cog_that_is_installed(document: dict[str, Any]) -> None:
    """Another Cog may derive another document, so a new version is a reason to look at this one again."""
    assert document["openapi"] == "3.0.2"
    assert document["info"] == {"title": "Cog", "version": cog.__version__}


def test_document_is_laid_out_to_be_compared(document: dict[str, Any]) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == json.dumps(document, indent=2, ensure_ascii=False) + "\n"


# The real server


def as_cog_keeps_it(document: dict[str, Any]) -> dict[str, Any]:
    """The document with what Cog 0.23.1 itself does in another way, as docs/reliability.md tells."""
    text = {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "No JSON, or of another shape"}
    predict = document["paths"]["/predictions"]["post"]["responses"]
    predict |= {"400": text, "415": text}
    predict["422"]["content"] |= text["content"]
    cancel = document["paths"]["/predictions/{prediction_id}/cancel"]["post"]["responses"]
    cancel["404"] = cancel["200"] | {"description": "Nothing of this id runs"}
    schemas = document["components"]["schemas"]
    username, image = (schemas["Input"]["properties"][name] for name in ("username", "image"))
    del username["nullable"], username["default"], image["nullable"], image["default"], image["format"]
    whole = schemas["PredictionRequest"]["properties"]
    whole["id"]["nullable"] = True
    whole["input"] = {"allOf": [whole["input"]], "nullable": True}
    # Otherwise next to no request would come to an answer.
    picture = base64.b64encode((AVATARS / read_index(AVATARS)[0].file).read_bytes()).decode()
    username["example"], image["example"] = "octocat", f"data:image/png;base64,{picture}"
    return document


@pytest.fixture(scope="module")
def server(
    start_cog: Callable[..., CogServer], github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory
) -> CogServer:
    folder = tmp_path_factory.mktemp("server")
    (folder / ".cog").mkdir()
    shutil.copyfile(DOCUMENT, folder / ".cog" / "openapi_schema.json")
    started = start_cog(folder, github_for_all.url)
    started.wait_for_status("READY")
    return started


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def is_harmless(body: object) -> bool:
    """Whether a request makes Cog write in its own folder only, keeps its place, and asks no host of the world."""
    request = body if isinstance(body, dict) else {}
    inputs = request["input"] if isinstance(request.get("input"), dict) else {}
    name, image = request.get("id"), inputs.get("image")
    if isinstance(name, str) and (Path(name).name != name or name == ".." or "\0" in name or len(name) > 60):
        return False
    return not (isinstance(image, str) and image.startswith("http"))


contract = schemathesis.openapi.from_dict(as_cog_keeps_it(json.loads(DOCUMENT.read_text(encoding="utf-8"))))


@contract.parametrize()
@settings(derandomize=True, max_examples=100, deadline=None)
def test_server_keeps_the_contract(case: schemathesis.Case, server: CogServer, session: requests.Session) -> None:
    assume(is_harmless(case.body))
    case.call_and_validate(base_url=f"http://127.0.0.1:{server.port}", session=session)


def test_server_is_well_after_all_that(server: CogServer) -> None:
    assert server.health()["status"] == "READY"
