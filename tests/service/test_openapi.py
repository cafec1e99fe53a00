"""openapi.json equals the schema that `cog build` derives from predict.py, and Cog's server conforms to it.

Cog reads the source of predict.py without running it, while callers use the running class. Therefore the types come
from the signature of the class, and the texts are compared with the source.
"""

import ast
import base64
import inspect
import json
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cog
import pytest
import requests
import schemathesis
from cog.predictor import load_predictor_from_ref
from hypothesis import assume, settings

from github_avatars.demo import AVATARS
from github_avatars.training.dataset import read_index
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT

DOCUMENT = ROOT / "openapi.json"
SOURCE = ROOT / "predict.py"
SCHEMAS: dict[Any, dict[str, str]] = {str: {"type": "string"}, cog.Path: {"type": "string", "format": "uri"}}
"""Cog's schema of each type that the predictor uses."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def run_method() -> Any:
    """The method behind POST /predictions, loaded as Cog's server loads it."""
    predictor: Any = load_predictor_from_ref(f"{SOURCE}:Predictor")
    return type(predictor).run


@pytest.fixture(scope="module")
def input_calls() -> dict[str, ast.Call]:
    """The expression `Input(...)` of each parameter in the source."""
    module = ast.parse(SOURCE.read_text(encoding="utf-8"))
    predictor = next(node for node in module.body if isinstance(node, ast.ClassDef) and node.name == "Predictor")
    method = next(node for node in predictor.body if isinstance(node, ast.AsyncFunctionDef) and node.name == "run")
    names = [argument.arg for argument in method.args.args if argument.arg != "self"]
    calls = [default for default in method.args.defaults if isinstance(default, ast.Call)]
    return dict(zip(names, calls, strict=True))


def schema(name: str, annotation: Any) -> dict[str, Any]:
    """Cog's schema of a field without its default and description."""
    is_optional = typing.get_origin(annotation) in (types.UnionType, typing.Union)
    members = typing.get_args(annotation) if is_optional else (annotation,)
    (inner,) = [member for member in members if member is not types.NoneType]
    title = " ".join(word.capitalize() for word in name.split("_"))
    return {"title": title, **SCHEMAS[inner]} | ({"nullable": True} if is_optional else {})


def test_input_is_the_signature_of_run(document: dict[str, Any], run_method: Any) -> None:
    hints = typing.get_type_hints(run_method)
    parameters = [name for name in inspect.signature(run_method).parameters if name != "self"]
    expected = {}
    for order, name in enumerate(parameters):
        field = inspect.signature(run_method).parameters[name].default
        # This test supports optional inputs without constraints only.
        assert field == cog.FieldInfo(default=None, description=field.description)
        details = {"x-order": order, "default": None, "description": field.description}
        expected[name] = schema(name, hints[name]) | details
        assert expected[name]["nullable"]
    component = document["components"]["schemas"]["Input"]
    assert component == {"title": "Input", "type": "object", "properties": expected}
    assert list(component["properties"]) == parameters


def test_output_is_the_model_that_run_returns(document: dict[str, Any], run_method: Any) -> None:
    model = typing.get_type_hints(run_method)["return"]
    assert issubclass(model, cog.BaseModel)
    expected = {name: schema(name, annotation) for name, annotation in typing.get_type_hints(model).items()}
    required = [name for name, field in expected.items() if not field.get("nullable")]
    component = document["components"]["schemas"]["Output"]
    assert component == {"title": "Output", "type": "object", "properties": expected, "required": required}
    assert list(component["properties"]) == list(expected)


def test_source_contains_the_texts_of_the_schema(run_method: Any, input_calls: dict[str, ast.Call]) -> None:
    """Cog takes the source text between the quotes, so that escapes and joined strings would appear as such."""
    source = SOURCE.read_text(encoding="utf-8")
    parameters = inspect.signature(run_method).parameters
    for name, call in input_calls.items():
        assert call.args == [], f"{name}: Cog reads only the keyword arguments of Input()"
        texts = {keyword.arg: ast.get_source_segment(source, keyword.value) for keyword in call.keywords}
        assert texts["default"] == "None"
        assert texts["description"] == f'"{parameters[name].default.description}"', f"{name}: use one string literal"


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


def test_every_reference_has_a_target(document: dict[str, Any]) -> None:
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


def test_document_names_the_installed_version_of_cog(document: dict[str, Any]) -> None:
    """Another version may derive another document: check it before changing this test."""
    assert document["openapi"] == "3.0.2"
    assert document["info"] == {"title": "Cog", "version": cog.__version__}


def test_document_is_formatted_for_comparison(document: dict[str, Any]) -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def actual_contract() -> dict[str, Any]:
    """The document, changed where Cog 0.23.1 does not conform to it (see docs/reliability.md)."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    text = {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Not JSON, or of another form"}
    predict = document["paths"]["/predictions"]["post"]["responses"]
    predict |= {"400": text, "415": text}
    predict["422"]["content"] |= text["content"]
    cancel = document["paths"]["/predictions/{prediction_id}/cancel"]["post"]["responses"]
    cancel["404"] = cancel["200"] | {"description": "No prediction with this id is running"}
    schemas = document["components"]["schemas"]
    username, image = (schemas["Input"]["properties"][name] for name in ("username", "image"))
    del username["nullable"], username["default"], image["nullable"], image["default"], image["format"]
    request = schemas["PredictionRequest"]["properties"]
    request["id"]["nullable"] = True
    request["input"] = {"allOf": [request["input"]], "nullable": True}
    # Without examples, almost no request would be valid.
    picture = base64.b64encode((AVATARS / read_index(AVATARS)[0].file).read_bytes()).decode()
    username["example"], image["example"] = "octocat", f"data:image/png;base64,{picture}"
    return document


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def is_harmless(body: object) -> bool:
    """Whether a request lets Cog write only to its own folder, does not block a slot, and contacts no other host."""
    request = body if isinstance(body, dict) else {}
    inputs = request["input"] if isinstance(request.get("input"), dict) else {}
    name, image = request.get("id"), inputs.get("image")
    if isinstance(name, str) and (Path(name).name != name or name == ".." or "\0" in name or len(name) > 60):
        return False
    return not (isinstance(image, str) and image.startswith("http"))


contract = schemathesis.openapi.from_dict(actual_contract())


@contract.parametrize()
@settings(derandomize=True, max_examples=100, deadline=None)
def test_server_conforms_to_the_contract(
    case: schemathesis.Case, cog_for_all: CogServer, session: requests.Session
) -> None:
    assume(is_harmless(case.body))
    case.call_and_validate(base_url=f"http://127.0.0.1:{cog_for_all.port}", session=session)


def test_server_is_ready_after_these_requests(cog_server: CogServer) -> None:
    assert cog_server.health()["status"] == "READY"
