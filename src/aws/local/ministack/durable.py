"""Saves the state of the local AWS after every change, before the change is answered.

ministack writes its state when it is stopped in an orderly way, so a SIGKILL or a crash
forgets everything since the start, while the resources' ids live on in whoever asked for
them. AWS never forgets what it has acknowledged; neither does this.

After a change, the service that was called is saved, and those that our gap modules change
along with it (`ALSO`). What ministack itself lets one service do to another (a metric, a
notification) is saved by that service's next change, or by the orderly stop.

Changes that arrive together share one save: a request waits for the save that began after
its change was made (group commit), so sixteen at once cost little more than one.
"""

import asyncio
import inspect
import json
import logging
import os
import re

from gap_kit import digest, in_front_of, require

ALSO = {"eks": {"ec2"}}  # a cluster's security group
TRIES = 20

READ = re.compile(r"(?:Describe|List|Get|Head|BatchGet|Lookup|Search|Filter|Simulate)[A-Z]")
QUERY_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z]+)")


def is_read(method, headers, body):
    """Whether a request can't have changed anything.

    Three ways to tell, after the protocols: the method, the `X-Amz-Target` header, and the
    `Action` in the body. When in doubt it isn't a read: a save too many costs milliseconds.
    """
    if method in ("GET", "HEAD", "OPTIONS"):
        return True
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    if not target and body:
        action = QUERY_ACTION.search(body if isinstance(body, bytes) else body.encode())
        target = action.group(1).decode() if action else ""
    return bool(READ.match(target))


class Saver:
    """Writes the state of services that changed; many waiters share one write."""

    def __init__(self, app, persistence):
        self.app = app
        self.persistence = persistence
        self.changed = set()  # state keys that the next save takes along
        self.written = {}  # state key -> digest of what its file holds
        self.next = None  # the save that everybody who changed something waits for

    async def saved(self, services):
        """Return once every change made so far to `services` is on disk."""
        self.changed |= services
        if self.next is None:
            self.next = asyncio.ensure_future(self._save_all())
        await asyncio.shield(self.next)

    async def _save_all(self):
        await asyncio.sleep(0)  # requests that are being answered right now come along
        services, self.changed, self.next = self.changed, set(), None
        for service in sorted(services):
            self._save(service)

    def _save(self, service):
        get_state = self.app._build_persistence_save_dict().get(service)
        text = self._text(service, get_state) if get_state else None
        if text is None:
            return
        path = os.path.join(self.persistence.STATE_DIR, f"{service}.json")
        if self.written.get(service) == digest(text) and os.path.exists(path):
            return
        os.makedirs(self.persistence.STATE_DIR, exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".new", path)  # whole or not at all, also under SIGKILL
        self.written[service] = digest(text)

    def _text(self, service, get_state):
        for attempt in range(1, TRIES + 1):
            try:
                state = get_state()
                break
            except RuntimeError:  # a store grew while it was read: EKS is answered on other threads
                if attempt == TRIES:
                    raise
        if state is None:
            return None
        version = self.persistence._state_format_version(service)
        return json.dumps({"__ministack_format__": version, "payload": state}, default=self.persistence._json_default)


def install(app):
    from ministack.core import persistence

    require(app, "_get_module", "_build_persistence_save_dict", "_state_map", "SERVICE_REGISTRY", "PERSIST_STATE")
    require(persistence, "STATE_DIR", "_state_format_version", "_json_default")
    if not app.PERSIST_STATE:
        return
    logging.getLogger("persistence").setLevel(logging.WARNING)  # else one line per service at start and stop
    saver = Saver(app, persistence)
    keys = {module: key for key, module in app._state_map.items()}
    parts = {c["module"]: c.get("sub_modules", ()) for c in app.SERVICE_REGISTRY.values()}
    watched = set()

    def watch(name, module):
        """Every way a request enters a service ends in one of these two functions."""
        watched.add(name)
        services = {keys[m] for m in (name, *parts.get(name, ())) if m in keys} | ALSO.get(name, set())
        for entry in ("handle_request", "handle_registry_request"):
            if not inspect.iscoroutinefunction(getattr(module, entry, None)):
                continue

            @in_front_of(module, entry)
            async def answer(theirs, method, path, headers, body, *rest, **named):
                response = await theirs(method, path, headers, body, *rest, **named)
                if not is_read(method, headers, body):
                    await saver.saved(services)
                return response

    @in_front_of(app, "_get_module")
    def get_module(theirs, name):
        module = theirs(name)
        if name not in watched:
            watch(name, module)
        return module
