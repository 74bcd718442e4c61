"""Starts the local AWS: ministack, with the calls added that it lacks.

`billpay … --local` and `billpay local up` write this file and its siblings to a cache folder
and run it with the Python of the private environment that ministack is installed in, in an
environment with nothing but settings: `GATEWAY_PORT`, `STATE_DIR` and `S3_DATA_DIR` as ministack
knows them, `BILLPAY_LOCAL_SECRET` for the file with the user's secret, and `DEFAULTS`.

The server says that it is up and the user's own by answering `/_billpay/ready?nonce=` with a proof
that takes the secret. SIGTERM and SIGINT stop it cleanly.
"""

import importlib
import os
import sys

MINISTACK = "1.5.33"  # pinned: the gap modules reach into its internals
GAPS = (
    "eks_gaps",
    "ec2_gaps",
    "iam_gaps",
    "ecr_gaps",
    "s3_gaps",
    "cloudfront_gaps",
    "cloudtrail_gaps",
    "cloudwatch_gaps",
    "secretsmanager_gaps",
    "xray_gaps",
    "lambda_policies",
)

# Where ministack's own defaults won't do: it would listen on every interface, be an account of
# zeroes, know only a few of the policies that AWS manages, and open two more listeners (SFTP,
# MQTT) that nobody here asked for.
DEFAULTS = {
    "BIND_HOST": "127.0.0.1",
    "MINISTACK_HOST": "127.0.0.1",
    "MINISTACK_ACCOUNT_ID": "123456789012",
    "MINISTACK_EDITION": "billpay",
    "MINISTACK_AUTOCREATE_AWS_MANAGED": "1",
    "SFTP_ENABLED": "0",
    "IOT_MTLS_ENABLED": "0",
    "PERSIST_STATE": "1",
    "S3_PERSIST": "1",
}


def fail(message):
    """One line for the person, and sysexits' EX_CONFIG for the program that started us."""
    print(f"billpay local AWS: {message}", file=sys.stderr, flush=True)
    sys.exit(78)


def check_version():
    from importlib.metadata import PackageNotFoundError, version

    try:
        found = version("ministack")
    except PackageNotFoundError:
        fail(f"ministack {MINISTACK} is not installed in {sys.prefix}")
    if found != MINISTACK:
        fail(f"expected ministack {MINISTACK}, found {found} in {sys.prefix}")


def main():
    # Python puts the script's own folder first on the path, whatever the working directory is,
    # but not under `python -I` or `-P`: say it ourselves.
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    os.umask(0o077)  # state is its user's alone, as are temporary files
    os.environ.update(DEFAULTS)
    check_version()

    import ministack.app
    from confine import forbid_programs
    from durable import Unreadable
    from gap_kit import Incompatible

    forbid_programs(int(os.environ["GATEWAY_PORT"]))
    try:
        for module in GAPS:
            importlib.import_module(module)  # which puts it in front of ministack's
        for module in ("confine", "durable", "guard"):
            importlib.import_module(module).install(ministack.app)
    except Unreadable as error:
        fail(f"{error}; put it right, or remove it and lose what is in it")
    except OSError as error:
        fail(f"its state can't be put together: {error}")
    except (Incompatible, ImportError) as error:
        fail(f"ministack {MINISTACK} is not as expected: {error}")
    ministack.app.main()


if __name__ == "__main__":
    main()
