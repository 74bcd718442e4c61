"""What every `*_gaps.py` module here is built from.

ministack answers most AWS calls. Where it lacks one, or answers otherwise than AWS, a gap
module puts our own function in front of ministack's. Three things make that safe enough to
depend on:

* a gap module is installed by importing it, and asks for every name of ministack's that it
  touches through `require`, so that another version stops at start with the missing name
  instead of failing halfway through a run;
* our function gets ministack's as its first argument, so a gap is a check before it, a
  correction after it, or a replacement, and is read as one;
* state of our own lives in `keep`, next to ministack's: saved, restored and reset with it.
"""

import functools
import hashlib
import json

from ministack.core.responses import AccountRegionScopedDict


class Incompatible(Exception):
    """This ministack isn't the one that the gap modules were written for."""


def require(owner, *names):
    """Raise `Incompatible` unless `owner` (a module or a dict of handlers) has all `names`."""
    has = owner.__contains__ if isinstance(owner, dict) else functools.partial(hasattr, owner)
    missing = [name for name in names if not has(name)]
    if missing:
        where = "its table of actions" if isinstance(owner, dict) else owner.__name__
        raise Incompatible(f"{where} has no {', '.join(missing)}")


def in_front_of(owner, name):
    """Decorator: calls of `owner`'s `name` go to the function, which gets the original first."""

    def install(function):
        require(owner, name)
        original = owner[name] if isinstance(owner, dict) else getattr(owner, name)
        ours = functools.wraps(original)(functools.partial(function, original))
        if isinstance(owner, dict):
            owner[name] = ours
        else:
            setattr(owner, name, ours)
        return function

    return install


def keep(module, key, scope=AccountRegionScopedDict):
    """A store of our own inside `module`'s state, by default apart per account and region.

    ministack saves what a module's `get_state` returns, hands it back to
    `load_persisted_state`, and calls `reset`: the store follows all three.
    """
    store = scope()

    @in_front_of(module, "get_state")
    def get_state(theirs):
        return {**theirs(), key: scope.from_dict(store.to_dict())}

    @in_front_of(module, "load_persisted_state")
    def load_persisted_state(theirs, data):
        store.update(data.get(key, {}))
        return theirs(data)

    @in_front_of(module, "reset")
    def reset(theirs):
        store.clear()
        return theirs()

    return store


def digest(value):
    """A short, stable name for a request, to tell a replay from another request."""
    text = value if isinstance(value, (bytes, str)) else json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()[:32]


def is_policy(text):
    """Whether `text` could be an IAM policy document at all."""
    try:
        document = json.loads(text)
    except (TypeError, ValueError):
        return False
    return isinstance(document, dict) and bool(document.get("Statement"))
