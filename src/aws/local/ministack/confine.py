"""Takes out of ministack whatever billpay has no use for, above all what runs code.

Two fences, because ministack grows: services that are not listed are not there, with their
saved state and their side doors; and this process can't start programs or connect to anything
but itself, whatever asks it to.
"""

import sys

from gap_kit import in_front_of, require

# As requests are signed for them: what billpay calls, and what the modules in `templates/` make.
SERVICES = {
    "acm",
    "autoscaling",
    "backup",
    "cloudfront",
    "cloudtrail",
    "ec2",
    "ecr",
    "eks",
    "elasticfilesystem",
    "iam",
    "kms",
    "lambda",  # `lambda_policies`, not ministack's
    "logs",
    "monitoring",
    "route53",
    "s3",
    "secretsmanager",
    "sns",
    "sts",
    "xray",
}
PROGRAMS = {
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.startfile",
    "os.system",
    "pty.spawn",
    "subprocess.Popen",
}


def forbid_programs(port):
    """Make every attempt to run a program or to call elsewhere fail; can't be undone."""
    itself = ("127.0.0.1", port)

    def hook(event, arguments):
        if event in PROGRAMS:
            raise PermissionError("the local AWS runs no programs")
        if event == "socket.connect" and arguments[1] != itself:
            raise PermissionError("the local AWS connects to nothing")

    sys.addaudithook(hook)


def install(app):
    require(
        app,
        "SERVICE_REGISTRY",
        "SERVICE_HANDLERS",
        "_registry_state_map",
        "_state_map",
        "_collect_scripts",
        "_handle_s3_control_request",
        "_handle_ecr_registry_request",
        "_with_data_plane_headers",
    )
    require(app.SERVICE_REGISTRY, *SERVICES)
    for table in (app.SERVICE_REGISTRY, app.SERVICE_HANDLERS):
        for name in set(table) - SERVICES:
            del table[name]
    app._state_map.clear()
    app._state_map.update(app._registry_state_map())
    app._collect_scripts = lambda *folders: []  # which would be run at the start

    @in_front_of(app, "_handle_pre_body_request")
    @in_front_of(app, "_handle_post_body_shortcuts")
    async def no_side_door(theirs, *args):
        return None

    @in_front_of(app, "_handle_special_data_plane_request")
    async def data_plane(theirs, method, path, headers, body, query_params, request_id, **more):
        if path.startswith("/v20180820/tags/"):
            return await app._handle_s3_control_request(path, method, body, query_params, request_id, headers)
        response = await app._handle_ecr_registry_request(method, path, headers, body, query_params)
        return response and app._with_data_plane_headers(response, request_id)

    # Of keys that IAM issued, ministack looks the account up only where it checks signatures.
    @in_front_of(app, "set_request_account_id")
    def set_account(theirs, key):
        return theirs(app.find_iam_access_key_account(key) or key)

    from ministack.core import cloudfront_js

    @in_front_of(cloudfront_js, "evaluate")
    def evaluate(theirs, *args):
        raise cloudfront_js.CloudFrontFunctionError("the local AWS runs no code of functions")

