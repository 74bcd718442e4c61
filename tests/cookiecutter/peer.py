"""Renders what the tests ask for with cookiecutter itself, all in one process."""

import json
import os
import sys

from cookiecutter.environment import StrictEnvironment
from cookiecutter.main import cookiecutter


def text(source, context):
    try:
        env = StrictEnvironment(context={}, keep_trailing_newline=True)
        return {"text": env.from_string(source).render(**context)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def project(job):
    os.makedirs(job["out"])
    try:
        made = cookiecutter(
            job["template"],
            no_input=True,
            extra_context=job["answers"],
            default_config=True,
            output_dir=job["out"],
            directory=job.get("directory"),
        )
        return {"made": made}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        jobs = json.load(file)
    done = {
        "texts": [text(source, jobs["context"]) for source in jobs.get("texts", [])],
        "projects": [project(job) for job in jobs.get("projects", [])],
    }
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump(done, file)


main()
