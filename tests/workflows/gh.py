#!/usr/bin/env python3
"""Stands in for GitHub's CLI: as much of it as our actions use, over JSON files in the folder GH_STATE."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

STATE = os.environ["GH_STATE"]


def load(name):
    try:
        with open(os.path.join(STATE, name + ".json")) as file:
            return json.load(file)
    except FileNotFoundError:
        return []


def save(name, value):
    with open(os.path.join(STATE, name + ".json"), "w") as file:
        json.dump(value, file)


def stop(message):
    sys.exit(f"gh: {message}")


def take(arguments, flag):
    if flag not in arguments:
        return None
    at = arguments.index(flag)
    value = arguments[at + 1]
    del arguments[at : at + 2]
    return value


def log(*what):
    with open(os.path.join(STATE, "log"), "a") as file:
        file.write(" ".join(what) + "\n")


def add(name, entry):
    entries = load(name)
    entry = {"id": 100 + len(entries), "number": 100 + len(entries), "state": "open",
             "user": {"login": "github-actions[bot]"}, **entry}
    save(name, entries + [entry])
    return {**entry, "html_url": f"https://github.com/{name}/{entry['id']}"}


def change(name, number, fields):
    entries = load(name)
    for entry in entries:
        if entry["id"] == int(number):
            entry.update(fields)
            save(name, entries)
            return {**entry, "html_url": f"https://github.com/{name}/{number}"}
    stop("HTTP 404")


def answer(method, path, query, body):
    repository = r"repos/acme/platform"
    if body and len(body.get("body", "")) > 65536:
        stop("HTTP 422: body is too long (maximum is 65536 characters)")
    for pattern, handle in {
        rf"GET {repository}/issues/(\d+)/comments": lambda _: load("comments"),
        rf"POST {repository}/issues/(\d+)/comments": lambda number: add("comments", {**body, "on": int(number)}),
        rf"PATCH {repository}/issues/comments/(\d+)": lambda number: change("comments", number, body),
        rf"GET {repository}/issues()": lambda _: [issue for issue in load("issues") if issue["state"] == query["state"][0]],
        rf"POST {repository}/issues()": lambda _: add("issues", body),
        rf"PATCH {repository}/issues/(\d+)": lambda number: change("issues", number, body),
        rf"GET {repository}/commits/(\w+)/pulls": lambda _: load("pulls"),
        rf"GET {repository}/actions/artifacts()": lambda _: {"artifacts": [
            artifact for artifact in load("artifacts") if artifact["name"] == query["name"][0]]},
        rf"GET {repository}/actions/runs/(\d+)": lambda number: load("runs")[number],
    }.items():
        found = re.fullmatch(pattern, f"{method} {path}")
        if found:
            return handle(found.group(1))
    stop(f"HTTP 404: {method} {path}")


def api(arguments):
    method = take(arguments, "--method") or "GET"
    source = take(arguments, "--input")
    expression = take(arguments, "--jq")
    paginate = "--paginate" in arguments
    url = urlsplit([argument for argument in arguments if not argument.startswith("--")][0])
    body = json.load(sys.stdin) if source == "-" else None
    log(method, url.path)
    result = answer(method, url.path, parse_qs(url.query), body)
    # GitHub's CLI writes the pages of a list one after the other.
    pages = [result[at : at + 2] for at in range(0, len(result), 2)] if paginate else [result]
    for page in pages:
        text = json.dumps(page)
        if expression:
            text = subprocess.run(["jq", "--raw-output", expression], input=text, text=True,
                                  capture_output=True, check=True).stdout.rstrip("\n")
        print(text)


def release(arguments):
    pattern, folder = take(arguments, "--pattern"), take(arguments, "--dir")
    take(arguments, "--repo")
    log("download", pattern)
    source = os.path.join(STATE, "releases", arguments[1], pattern)
    if not os.path.exists(source):
        stop("no assets match the file pattern")
    shutil.copy(source, os.path.join(folder, pattern))


def attestation(arguments):
    repository, signer, ref = (take(arguments, flag) for flag in ("--repo", "--signer-workflow", "--source-ref"))
    with open(arguments[1], "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    wanted = {"digest": digest, "repository": repository, "signer": signer, "ref": ref}
    log("verify", digest)
    if wanted not in load("attestations"):
        stop("no matching attestations were found")


{"api": api, "release": release, "attestation": attestation}[sys.argv[1]](sys.argv[2:])
