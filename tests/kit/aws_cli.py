"""Runs the AWS CLI without loading it each time: a process that has it loaded forks for
each command. The commands themselves are the CLI's own, from the parsing of arguments on.

    aws_cli.py SOCKET

Each connection carries one JSON object with `args` and `env`, ended by the end of input, and
is answered with `code`, `out` and `err`. The server ends when its standard input does, and
takes the socket's folder along.
"""

import gc
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import traceback

import awscli.clidriver
import awscli.handlers  # noqa: F401  loaded here, so that no command has to
from botocore.exceptions import BotoCoreError

# The services whose descriptions are read before the first command, once for all of them.
SERVICES = ["cloudfront", "ec2", "ecr", "eks", "iam", "kms", "logs", "s3"]


def load():
    """Returns the CLI with everything loaded that is the same for each command."""
    driver = awscli.clidriver.create_clidriver()
    loader = driver.session.get_component("data_loader")
    for service in SERVICES:
        for kind in ["service-2", "endpoint-rule-set-1", "paginators-1", "waiters-2"]:
            try:
                loader.load_service_model(service, kind)
            except BotoCoreError:
                pass  # not every service has pages or something to wait for
    for data in ["endpoints", "partitions", "_retry", "sdk-default-configuration"]:
        loader.load_data(data)
    commands = driver._get_command_table()
    for service in ["s3api" if name == "s3" else name for name in SERVICES]:
        commands[service]._get_command_table()  # names of all its commands
    gc.collect()
    gc.freeze()  # or else each child would copy what it doesn't change
    return driver


def run(driver, request):
    own = {"AWS_DATA_PATH": os.environ["AWS_DATA_PATH"]}  # which the CLI sets when it is loaded
    os.environ.clear()
    os.environ.update(request["env"] | own)
    outputs = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]
    for number, output in enumerate(outputs, start=1):
        os.dup2(output.fileno(), number)
    try:
        code = driver.main(request["args"])
    except SystemExit as end:
        code = end.code
    except Exception:
        traceback.print_exc()
        code = 255
    sys.stdout.flush()
    sys.stderr.flush()
    texts = []
    for output in outputs:
        output.seek(0)
        texts.append(output.read().decode(errors="replace"))
    return {"code": code or 0, "out": texts[0], "err": texts[1]}


def answer(driver, connection):
    with connection.makefile("rwb") as stream:
        request = json.loads(stream.read())
        stream.write(json.dumps(run(driver, request)).encode())
        stream.flush()


def main():
    driver = load()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(sys.argv[1])
    listener.listen(64)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in ready and not os.read(0, 1):
            shutil.rmtree(os.path.dirname(sys.argv[1]), ignore_errors=True)
            return
        if listener in ready:
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                listener.close()
                try:
                    answer(driver, connection)
                finally:
                    os._exit(0)
            connection.close()


main()
