"""Saves the state of the local AWS after every change, before the change is answered.

ministack writes its state when it is stopped in an orderly way, so a SIGKILL, a crash or a
power cut forgets everything since the start, while the resources' ids live on in whoever
asked for them. AWS never forgets what it has acknowledged; neither does this.

Changes that arrive together share one save: a request waits for the save that began after
its change was made (group commit), so sixteen at once cost about as much as one.
"""

import asyncio
import io
import json
import logging
import os
import re

from gap_kit import in_front_of, log, require

READ = re.compile(r"(?:Describe|List|Get|Head|BatchGet|Lookup|Search|Filter|Simulate)[A-Z]")
QUERY_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z]+)")


def is_read(method, headers, body):
    """Whether a request can't have changed anything.

    Three ways to say so, after the protocols: the method, the `X-Amz-Target` header, and the
    `Action` in the body. When in doubt it isn't a read: a save too many costs milliseconds.
    """
    if method in ("GET", "HEAD", "OPTIONS"):
        return True
    target = headers.get("x-amz-target", "").rpartition(".")[2]
    if not target and body:
        action = QUERY_ACTION.search(body[:4096])
        target = action.group(1).decode() if action else ""
    return bool(READ.match(target))


class Saver:
    """Writes the state of each service that has changed since it was last written."""

    def __init__(self, app, persistence):
        self.app = app
        self.persistence = persistence
        self.written = {}  # service -> what its file holds
        self.running = None  # the save under way
        self.queued = None  # the one after it, which those wait for who came too late

    async def saved(self):
        """Return when everything changed before this call is on disk."""
        if self.running is None:
            self.running = asyncio.ensure_future(self._save())
            await asyncio.shield(self.running)
            return
        if self.queued is None:
            self.queued = asyncio.ensure_future(self._after(self.running))
        await asyncio.shield(self.queued)

    async def _after(self, running):
        await asyncio.wait([running])
        self.queued, self.running = None, asyncio.ensure_future(self._save())
        await self.running

    async def _save(self):
        # Let what is ready run first: it may be another change that this save can take along.
        await asyncio.sleep(0)
        try:
            self.save()
        finally:
            self.running = None

    def save(self):
        for service, get_state in self.app._build_persistence_save_dict().items():
            try:
                state = get_state()
                text = None if state is None else self._encode(service, state)
            except Exception:  # a store that changed under our hands: the next save has it
                log.exception("could not read the state of %s", service)
                continue
            path = os.path.join(self.persistence.STATE_DIR, f"{service}.json")
            if text is None or (self.written.get(service) == text and os.path.exists(path)):
                continue
            os.makedirs(self.persistence.STATE_DIR, exist_ok=True)
            with open(path + ".new", "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(path + ".new", path)  # whole or not at all, also under SIGKILL
            self.written[service] = text

    def _encode(self, service, state):
        envelope = {"__ministack_format__": self.persistence._state_format_version(service), "payload": state}
        out = io.StringIO()
        json.dump(envelope, out, default=self.persistence._json_default)
        return out.getvalue()


def install(app):
    from ministack.core import persistence

    require(app, "_dispatch_service_request", "_handle_special_data_plane_request",
            "_build_persistence_save_dict", "PERSIST_STATE")
    require(persistence, "STATE_DIR", "_state_format_version", "_json_default")
    if not app.PERSIST_STATE:
        return
    logging.getLogger("persistence").setLevel(logging.WARNING)  # one line per service and stop
    saver = Saver(app, persistence)

    async def answer(theirs, method, path, headers, body, *rest, **named):
        response = await theirs(method, path, headers, body, *rest, **named)
        if response is not None and not is_read(method, headers, body):
            await saver.saved()
        return response

    in_front_of(app, "_dispatch_service_request")(answer)
    in_front_of(app, "_handle_special_data_plane_request")(answer)
