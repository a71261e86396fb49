"""A real Postfix that relays: smtp-source into smtp-sink, in name spaces of their own.

Needs Debian's postfix and root; /etc and /var are laid over in memory, nothing of the machine's is changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

MASTER = "/usr/lib/postfix/sbin/master"
SESSIONS, OCTETS = 20, 4096
MAIN_CF = """\
compatibility_level = 3.6
myhostname = mail.domain.ork
mydestination =
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:2525
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = /var/log/postfix-bench.log
maillog_file_prefixes = /var
"""


def missing() -> str:
    """Why it cannot be done here; "" where it can."""
    if not (Path(MASTER).exists() and shutil.which("smtp-source") and shutil.which("smtp-sink")):
        return "no postfix is installed (Debian: apt-get install postfix)"
    if os.getuid() != 0 or not shutil.which("unshare"):
        return "only root can give it name spaces of its own"
    return ""


def report(n: int) -> str:
    """Messages/s from the first connection until the queue is empty."""
    why = missing()
    if why:
        return f"a real Postfix: not measured, {why}"
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable,
               "-m", "benchmarks.real", str(n)]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    if done.returncode:
        return f"a real Postfix: not measured, {(done.stderr.strip() or 'it failed').splitlines()[-1]}"
    speed = float(done.stdout)
    return f"a real Postfix, its queue in memory {speed:,.0f} messages/s ({SESSIONS} sessions, {n} messages)"


def _run(command: str) -> int:
    """Run a command without a word; its exit status."""
    return subprocess.run(command.split(), check=False, stdin=subprocess.DEVNULL, capture_output=True).returncode


def _begin(command: str) -> None:
    """Run a command beside us; it ends with the name space of processes."""
    quiet = subprocess.DEVNULL
    subprocess.Popen(command.split(), stdin=quiet, stdout=quiet, stderr=quiet)


def _lay_over() -> None:
    """Private copies of /etc and /var, and a main.cf."""
    _run("mount --make-rprivate /")
    bench = Path("/run/simmail-bench")
    bench.mkdir(exist_ok=True)
    _run(f"mount -t tmpfs tmpfs {bench}")
    for name in ("etc", "var"):
        upper, work = bench / name / "u", bench / name / "w"
        upper.mkdir(parents=True)
        work.mkdir()
        if _run(f"mount -t overlay overlay -o lowerdir=/{name},upperdir={upper},workdir={work} /{name}"):
            sys.exit(f"nothing can be laid over /{name}")
    _run("ip link set lo up")
    _run("find /var/spool/postfix/active /var/spool/postfix/deferred -type f -delete")
    conf = Path("/etc/postfix")
    conf.joinpath("main.cf").write_text(MAIN_CF)
    master = conf.joinpath("master.cf")
    lines = [re.sub(r"^(\S+\s+\S+\s+\S+\s+\S+\s+)y(\s)", r"\1n\2", line) for line in master.read_text().split("\n")]
    postlog = "postlog   unix-dgram n  -       n       -       1       postlogd"
    master.write_text("\n".join([*(line for line in lines if not line.startswith("postlog")), postlog, ""]))


def _waiting() -> int:
    return sum(len(list(Path("/var/spool/postfix", queue).rglob("*"))) for queue in ("incoming", "active"))


def inside(n: int) -> float:
    """Messages/s, measured in name spaces of our own."""
    _lay_over()
    _begin("smtp-sink -u postfix 127.0.0.1:2525 1000")
    _run("postfix check")
    _begin(f"{MASTER} -d")
    give_up = time.monotonic() + 20
    while _run("smtp-source -m 1 127.0.0.1:25"):
        if time.monotonic() > give_up:
            sys.exit("it does not start")
        time.sleep(0.2)
    start = time.monotonic()
    _run(f"smtp-source -s {SESSIONS} -m {n} -l {OCTETS} -f a@domain.ork -t b@elsewhere.example 127.0.0.1:25")
    while _waiting():
        time.sleep(0.02)
    return n / (time.monotonic() - start)


if __name__ == "__main__":
    print(inside(int(sys.argv[1])))
