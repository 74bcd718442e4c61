"""The keys that the local AWS takes, and proofs that it is this user's.

An access key is the number of an account and the user's secret. The signature is not checked:
the secret in the key is what nobody else has. Keys that IAM and STS issued here count, too, and
so do tokens for the registry, which carry a MAC instead of being stored.
"""

import hashlib
import hmac
import os
import re
import sys
import time

from gap_kit import require
from ministack.services import iam, sts

require(iam, "_access_keys")
require(sts, "_sessions", "_session_expired")

TOKEN_LIFETIME = 12 * 60 * 60  # seconds; ECR's
OWN_KEY = re.compile(r"([0-9]{12})([0-9A-Za-z]{32,})")


def read_secret(path):
    """Return the user's secret, which nobody else may be able to read; stop without one."""
    try:
        mode = os.stat(path).st_mode
        with open(path, encoding="ascii") as file:
            secret = file.read().strip()
    except (OSError, ValueError) as error:
        sys.exit(f"billpay local AWS: {error}")
    if mode & 0o077:
        sys.exit(f"billpay local AWS: {path} can be read by other users")
    if not re.fullmatch(r"[0-9A-Za-z]{32,}", secret):
        sys.exit(f"billpay local AWS: {path} holds no secret")
    return secret


SECRET = read_secret(os.environ.get("BILLPAY_LOCAL_SECRET", ""))


def mac(*words):
    return hmac.new(SECRET.encode(), "\0".join(words).encode(), hashlib.sha256).hexdigest()


def proof(nonce):
    """Return what only this user's server on this port can say to `nonce`."""
    return mac("ready", os.environ["GATEWAY_PORT"], nonce)


def account_of(key):
    """Return the account of the user's own access key; None for any other."""
    match = OWN_KEY.fullmatch(key)
    if match and hmac.compare_digest(match[2].encode(), SECRET.encode()):
        return match[1]
    return None


def is_issued(key, session_token):
    """Tell whether IAM or STS issued this key here, and it still counts."""
    session = sts._sessions.get(key)
    if session is not None:
        expected = str(session.get("SessionToken") or "")
        same = hmac.compare_digest(expected.encode(), session_token.encode())
        return bool(expected) and same and not sts._session_expired(session)
    return any(
        stored == key and record.get("Status") == "Active"
        for (_, stored), record in iam._access_keys.to_dict().items()
    )


def registry_token(account, region):
    """Return a password for `docker login -u AWS`, and when it ends."""
    ends = int(time.time()) + TOKEN_LIFETIME
    words = [account, region, str(ends)]
    return ".".join([*words, mac("registry", *words)]), ends


def registry_scope(password):
    """Return account and region of a registry token that was made here and still counts."""
    *words, given = password.split(".")
    if len(words) != 3 or not hmac.compare_digest(mac("registry", *words).encode(), given.encode()):
        return None
    account, region, ends = words
    return (account, region) if int(ends) > time.time() else None
