"""Saves the state of the local AWS after every change, before the change is answered.

ministack writes its state when it is stopped in an orderly way, so a SIGKILL or a crash
forgets everything since the start, while the resources' ids live on in whoever asked for
them. AWS never forgets what it has acknowledged; neither does this.

After a change, the service that was called is saved, and those that our gap modules change
along with it (`ALSO`). What ministack itself lets one service do to another (a metric, a
notification) is saved by that service's next change, or by the orderly stop.

Changes that arrive together share one save: a request waits for the save that began after
its change was made (group commit), so sixteen at once cost little more than one.

A save writes the part of the account that changed, `SERVICE@ACCOUNT.json`, so that it costs as
much with a hundred accounts as with one. At the start, before ministack reads its own files, the
parts are put into them: a part holds every change of its account that was answered, and an
orderly stop, which writes everything, removes it.
"""

import asyncio
import copy
import inspect
import json
import logging
import os
import re
import threading
from contextvars import copy_context

from gap_kit import digest, in_front_of, require
from ministack.core.responses import (
    AccountRegionScopedDict,
    AccountScopedDict,
    get_account_id,
    set_request_account_id,
)

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


saving = threading.local()  # `account`: set while this thread reads a state to write it


def is_marked(value):
    """Whether a list says of each entry which account it is of, as ministack's list of default VPCs does."""
    return isinstance(value, list) and all(isinstance(entry, dict) and "AccountId" in entry for entry in value)


def part(value, account):
    """The part of a state that is an account's, copied as deeply as `get_state` functions edit what they copy."""
    if isinstance(value, (AccountRegionScopedDict, AccountScopedDict)):
        own = type(value)()
        own._data = {
            key: dict(entry) if isinstance(entry, dict) else entry
            for key, entry in list(value._data.items())
            if key[0] == account
        }
        return own
    if isinstance(value, dict):
        return {key: part(entry, account) for key, entry in list(value.items())}
    if is_marked(value):
        return [entry for entry in value if entry["AccountId"] == account]
    return value


def copy_parts():
    """Let `copy.deepcopy` copy an account's part where a state is read to be written."""

    @in_front_of(copy, "deepcopy")
    def deepcopy(theirs, value, *memo):
        account = getattr(saving, "account", None)
        return theirs(value, *memo) if account is None else part(value, account)


def merged(whole, new, account):
    """A state as JSON, in which an account's part is replaced by a newer one."""
    scoped = ("__scoped__", "__account_region_scoped__")
    if is_marked(new) and is_marked(whole):
        return [entry for entry in whole if entry["AccountId"] != account] + new
    if not isinstance(new, dict):
        return new
    if any(mark in new for mark in scoped):
        others = whole.get("data", {}) if isinstance(whole, dict) else {}
        kept = {key: entry for key, entry in others.items() if not key.startswith(account + "\0")}
        return {**new, "data": kept | new["data"]}
    whole = whole if isinstance(whole, dict) else {}
    return {key: merged(whole.get(key), entry, account) for key, entry in new.items()}


class Unreadable(Exception):
    """A file of the state can't be read."""


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            state = json.load(file)
        if not isinstance(state, dict):
            raise ValueError("it is no state")
        return state
    except (OSError, ValueError) as error:
        raise Unreadable(f"{path} can't be read: {error}") from error


def write(path, text):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(path + ".new", path)  # whole or not at all, also under SIGKILL


def put_together(folder):
    """Put the parts into ministack's own files, and then remove them."""
    wholes, parts = {}, []
    for name in sorted(name for name in os.listdir(folder) if name.endswith(".json")):
        state = read(os.path.join(folder, name))
        service, mark, account = name.removesuffix(".json").partition("@")
        if mark:
            parts.append((state.get("__billpay_save__", 0), name, service, account, state))
        else:
            wholes[service] = state
    changed = set()
    for _, name, service, account, new in sorted(parts, key=lambda part: part[:2]):
        try:
            version = new["__ministack_format__"]
            if wholes.get(service, new).get("__ministack_format__") != version:
                raise Unreadable(f"{os.path.join(folder, name)} is of another version than {service}.json")
            payload = merged(wholes.get(service, {}).get("payload"), new["payload"], account)
            wholes[service] = {"__ministack_format__": version, "payload": payload}
        except (AttributeError, KeyError, TypeError) as error:
            raise Unreadable(f"{os.path.join(folder, name)} is no part of a state: {error}") from error
        changed.add(service)
    for service in changed:
        write(os.path.join(folder, f"{service}.json"), json.dumps(wholes[service]))
    for _, name, *_ in parts:
        os.remove(os.path.join(folder, name))


class Saver:
    """Writes the state of services that changed; many waiters share one write."""

    def __init__(self, app, persistence):
        self.app = app
        self.persistence = persistence
        self.changed = set()  # state keys and accounts that the next save takes along
        self.written = {}  # state key and account -> digest of what its file holds
        self.next = None  # the save that everybody who changed something waits for
        self.saves = 0

    async def saved(self, services):
        """Return once every change made so far to the caller's part of `services` is on disk."""
        self.changed |= {(service, get_account_id()) for service in services}
        if self.next is None:
            self.next = asyncio.ensure_future(self._save_all())
        await asyncio.shield(self.next)

    async def _save_all(self):
        await asyncio.sleep(0)  # requests that are being answered right now come along
        changed, self.changed, self.next = self.changed, set(), None
        first_error = None
        for service, account in sorted(changed):
            try:
                self._save(service, account)
            except Exception as error:
                self.changed.add((service, account))  # the next save makes up for it
                first_error = first_error or error
        if first_error:
            raise first_error

    def _save(self, service, account):
        get_state = self.app._build_persistence_save_dict().get(service)
        # As the account that it is of, whoever's request began the save.
        text = copy_context().run(self._text, service, account, get_state) if get_state else None
        if text is None:
            return
        path = os.path.join(self.persistence.STATE_DIR, f"{service}@{account}.json")
        if self.written.get((service, account)) == digest(text) and os.path.exists(path):
            return
        os.makedirs(self.persistence.STATE_DIR, exist_ok=True)
        self.saves += 1
        write(path, f'{{"__billpay_save__": {self.saves}, {text[1:]}')
        self.written[service, account] = digest(text)

    def _text(self, service, account, get_state):
        version = self.persistence._state_format_version(service)
        set_request_account_id(account)
        for attempt in range(1, TRIES + 1):
            saving.account = account
            try:
                state = get_state()
                if state is None:
                    return None
                whole = {"__ministack_format__": version, "payload": part(state, account)}
                return json.dumps(whole, default=self.persistence._json_default)
            except RuntimeError:  # a store grew while it was read: EKS is answered on other threads
                if attempt == TRIES:
                    raise
            finally:
                saving.account = None


def remove_parts_at_the_stop(persistence):
    """ministack writes the whole state of each service when it is stopped in an orderly way."""

    @in_front_of(persistence, "save_state")
    def save_state(theirs, service, data):
        path = os.path.join(persistence.STATE_DIR, f"{service}.json")
        before = os.stat(path).st_ino if os.path.exists(path) else None
        theirs(service, data)
        # It only logs an error, and replaces the file when all is written.
        if os.path.exists(path) and os.stat(path).st_ino != before:
            for name in os.listdir(persistence.STATE_DIR):
                if name.startswith(f"{service}@"):
                    os.remove(os.path.join(persistence.STATE_DIR, name))


def install(app):
    from ministack.core import persistence

    require(app, "_get_module", "_build_persistence_save_dict", "_state_map", "SERVICE_REGISTRY", "PERSIST_STATE")
    require(persistence, "STATE_DIR", "_state_format_version", "_json_default")
    if not app.PERSIST_STATE:
        return
    logging.getLogger("persistence").setLevel(logging.WARNING)  # else one line per service at start and stop
    if os.path.isdir(persistence.STATE_DIR):
        put_together(persistence.STATE_DIR)
    copy_parts()
    remove_parts_at_the_stop(persistence)
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
