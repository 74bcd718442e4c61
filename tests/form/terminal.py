# Drives a program on a real pseudo-terminal. On standard input, JSON: the command, its
# environment, and steps: what to wait for, then what to type. On standard output, JSON: what
# was seen, how it ended, and whether the terminal was left as it was found.
import fcntl, json, os, pty, select, subprocess, sys, termios, time

task = json.load(sys.stdin)
limit = task.get("seconds", 60)
environment = {name: value for name, value in os.environ.items() if name not in task.get("unset", [])}
environment.update(task.get("env", {}))

# This side keeps the program's end open, to see how it was left.
master, slave = pty.openpty()
before = termios.tcgetattr(slave)
program = subprocess.Popen(
    task["command"],
    stdin=slave,
    stdout=slave,
    stderr=slave,
    env=environment,
    start_new_session=True,
    preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
)
seen = b""


def read(seconds):
    global seen
    ready, _, _ = select.select([master], [], [], seconds)
    if ready:
        seen += os.read(master, 65536)
    return bool(ready)


missed, at = None, 0
for step in task["steps"]:
    wanted = step["expect"].encode()
    end = time.monotonic() + limit
    while seen.find(wanted, at) < 0 and missed is None:
        if not read(0.1) and (program.poll() is not None or time.monotonic() > end):
            missed = step["expect"]
    if missed is not None:
        break
    at = seen.find(wanted, at) + len(wanted)
    # A prompt takes keys when it has drawn itself.
    while read(0.15):
        pass
    os.write(master, step["send"].encode())

end = time.monotonic() + limit
while program.poll() is None:
    read(0.05)
    if missed is not None or time.monotonic() > end:
        program.kill()
while read(0.05):
    pass
json.dump(
    {
        "seen": seen.decode(errors="replace"),
        "code": program.returncode,
        "missed": missed,
        "sane": before == termios.tcgetattr(slave),
        "cursor": seen.rfind(b"\x1b[?25h") >= seen.rfind(b"\x1b[?25l"),
    },
    sys.stdout,
)
