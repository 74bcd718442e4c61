"""Lets only the local AWS's own user in, before ministack sees a request.

Refused are: requests that a web page may have caused (any `Origin`), names that others could
point here (any `Host` but this machine's own), whatever is not signed with a key that counts
(`credentials`), services that are not in `confine.SERVICES`, and every path of ministack's own.

ministack takes the account from a 12-digit access key: of the user's own key, it gets no more.
"""

import base64
import json
import re
from urllib.parse import parse_qsl, urlencode
from xml.sax.saxutils import escape

import credentials
from confine import SERVICES
from gap_kit import require

HOST = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
SIGNED = re.compile(r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+)\s*,.*")
SCOPE = re.compile(r"([^/]+)(/[0-9]{8}/[a-z0-9-]+/([a-z0-9-]+)/aws4_request)")
PRESIGNED = ("x-amz-credential", "awsaccesskeyid")
NONCE = re.compile(r"nonce=([0-9a-f]{32,128})")
READY = "/_billpay/ready"
JSON_SERVICES = {"backup", "eks", "elasticfilesystem", "lambda", "xray"}  # besides those with a target
CHALLENGE = [(b"www-authenticate", b'Basic realm="local AWS"')]  # or docker sends no token
KEYS = 'eval "$(billpay local env)" sets keys that count'


class Refusal(Exception):
    """Says why a request is not answered, in words for whoever made it."""

    def __init__(self, code, message, service="", status=403, headers=()):
        super().__init__(message)
        self.code, self.message, self.service = code, message, service
        self.status, self.headers = status, list(headers)


def install(app):
    require(app, "app", "_is_ecr_registry_path")
    theirs = app.app

    async def guarded(scope, receive, send):
        if scope["type"] == "lifespan":
            return await theirs(scope, receive, send)
        if scope["type"] != "http":  # nothing here speaks WebSocket
            await receive()
            return await send({"type": "websocket.close", "code": 1008})
        try:
            check_origin(scope)
            if scope["path"] == READY:
                return await answer(send, 200, "text/plain", ready(scope))
            scope = admit(scope, app._is_ecr_registry_path(scope["path"]))
        except Refusal as refusal:
            return await refuse(scope, send, refusal)
        await theirs(scope, receive, without_cors(send))

    app.app = guarded


def only(scope, name):
    """Return the header's value, "" without one; two are a trick."""
    values = [value for header, value in scope["headers"] if header.lower() == name]
    if len(values) > 1:
        raise Refusal("InvalidRequest", f"the header {name.decode()} stands there twice", status=400)
    return values[0].decode("latin-1") if values else ""


def check_origin(scope):
    if any(name.lower() == b"origin" for name, _ in scope["headers"]):
        raise Refusal("AccessDenied", "the local AWS does not answer web pages")
    if not HOST.fullmatch(only(scope, b"host")):
        raise Refusal("AccessDenied", "the local AWS is 127.0.0.1, [::1] or localhost, under no other name")


def ready(scope):
    match = NONCE.fullmatch(scope["query_string"].decode("latin-1"))
    return credentials.proof(match[1]) if match else ""


def admit(scope, is_registry):
    """Return the request as ministack may see it."""
    if scope["path"].startswith("/_"):
        raise Refusal("AccessDenied", "the local AWS has no such path")
    authorization = only(scope, b"authorization")
    signed = SIGNED.fullmatch(authorization)
    presigned = presigned_parts(scope)
    if is_registry and authorization[:6].lower() == "basic ":
        return of_registry(scope, authorization)
    if signed and not presigned:
        credential = checked(signed[1], only(scope, b"x-amz-security-token"))
        return signed_for(scope, authorization.replace(signed[1], credential, 1))
    if len(presigned) == 1 and not authorization:
        return presigned_for(scope, *presigned[0])
    if is_registry:
        raise Refusal("UNAUTHORIZED", "log in with a token of this local AWS", status=401, headers=CHALLENGE)
    raise Refusal("MissingAuthenticationToken", f"the local AWS answers only what is signed; {KEYS}")


def presigned_parts(scope):
    """Return the parts of the query that name an access key, under any spelling: place, name, value."""
    parts = enumerate(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return [(place, name, value) for place, (name, value) in parts if name.lower() in PRESIGNED]


def presigned_for(scope, place, name, value):
    parts = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    tokens = [value for name, value in parts if name.lower() == "x-amz-security-token"]
    token = tokens[0] if tokens else ""
    if name.lower() == "x-amz-credential":
        parts[place] = (name, checked(value, token))
    else:  # the second version of signatures, which only S3 has, and the AWS CLI presigns with
        parts[place] = (name, checked_key(value, token, "s3"))
    return {**scope, "query_string": urlencode(parts).encode("ascii")}


def checked(credential, session_token):
    """Return a credential as ministack may see it, if it counts."""
    match = SCOPE.fullmatch(credential)
    if not match:
        raise Refusal("IncompleteSignature", "the credential is not key/date/region/service/aws4_request")
    key, scope, service = match.groups()
    return checked_key(key, session_token, service) + scope


def checked_key(key, session_token, service):
    account = credentials.account_of(key)
    if account is None and not credentials.is_issued(key, session_token):
        raise Refusal("InvalidClientTokenId", f"the access key is not one of this local AWS; {KEYS}", service)
    if service not in SERVICES:
        raise Refusal("UnsupportedOperation", f"{service} is not in the local AWS", service, status=400)
    return account or key


def of_registry(scope, authorization):
    """Put a signature's scope in place of a token, so that the registry is the account's own."""
    try:
        user, _, password = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
    except ValueError:  # no base64, no UTF-8, or no ASCII to begin with
        user, password = "", ""
    found = credentials.registry_scope(password) if user == "AWS" else None
    if not found:
        message = "the token is not one of this local AWS, or has ended"
        raise Refusal("UNAUTHORIZED", message, status=401, headers=CHALLENGE)
    credential = "{}/20260101/{}/ecr/aws4_request".format(*found)
    return signed_for(scope, f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0")


def signed_for(scope, authorization):
    headers = [
        (name, authorization.encode("latin-1") if name.lower() == b"authorization" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


def without_cors(send):
    async def stripped(message):
        if "headers" in message:
            kept = [h for h in message["headers"] if not h[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return stripped


async def refuse(scope, send, refusal):
    """Answer in the shape that the service's clients read, so that people are shown the reason."""
    target = any(name.lower() == b"x-amz-target" for name, _ in scope["headers"])
    code, message = refusal.code, refusal.message
    if target or refusal.service in JSON_SERVICES:
        kind, text = "application/json", json.dumps({"__type": code, "message": message})
        refusal.headers.append((b"x-amzn-errortype", code.encode()))
    elif refusal.service:
        error = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
        shapes = {
            "ec2": f"<Response><Errors><Error>{error}</Error></Errors></Response>",
            "s3": f"<Error>{error}</Error>",
        }
        other = f"<ErrorResponse><Error><Type>Sender</Type>{error}</Error></ErrorResponse>"
        kind, text = "text/xml", shapes.get(refusal.service, other)
    else:
        kind, text = "text/plain", message + "\n"
    await answer(send, refusal.status, kind, text, refusal.headers)


async def answer(send, status, kind, text, headers=()):
    body = text.encode()
    fixed = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
    fixed.append((b"x-content-type-options", b"nosniff"))
    await send({"type": "http.response.start", "status": status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})
