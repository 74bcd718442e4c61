"""Answers calls of a template's own Jinja extensions, one JSON value a line."""

import importlib
import json
import sys

import jinja2

answers = sys.stdout
# What an extension prints is no answer.
sys.stdout = sys.stderr


def answer(value):
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def data(value):
    """A value that JSON can hold; tuples are lists there."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [data(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: data(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} is neither text, number, list nor dictionary")


def load(names):
    environment = jinja2.Environment(keep_trailing_newline=True)
    known = {kind: set(getattr(environment, kind)) for kind in ("filters", "globals", "tests")}
    tags = set()
    for name in names:
        module, _, attribute = name.rpartition(".")
        extension = getattr(importlib.import_module(module), attribute)
        environment.add_extension(extension)
        tags |= set(extension.tags)
    added = {kind: getattr(environment, kind).keys() - names for kind, names in known.items()}
    values = {name: environment.globals[name] for name in added["globals"]}
    told = {
        "filters": sorted(added["filters"]),
        "tests": sorted(added["tests"]),
        "tags": sorted(tags),
        "functions": sorted(name for name, value in values.items() if callable(value)),
        "values": {name: data(value) for name, value in values.items() if not callable(value)},
    }
    return environment, told


def main():
    sys.path[:0] = [sys.argv[1]]
    try:
        environment, told = load(sys.argv[2:])
    except Exception as error:
        answer({"error": f"{type(error).__name__}: {error}"})
        return
    answer({"value": told})
    for line in sys.stdin:
        call = json.loads(line)
        try:
            function = getattr(environment, call["kind"])[call["name"]]
            answer({"value": data(function(*call["args"], **call["named"]))})
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {error}"})


main()
