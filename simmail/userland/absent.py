"""Programs that a simulated host does not have, and what does the same here."""

from __future__ import annotations

import posixpath
import re

EDIT = "edit a file with sed -i or postconf -e, in a notebook with host.edit and host.write, or in your editor"
READ = "users' mail are files: cat /var/mail/USER, or what home_mailbox says"
MANUAL = "Postfix's manual pages are at https://www.postfix.org/postfix-manuals.html"
LOG = "this host's log is a file: tail /var/log/maillog"
TYPED = "hold a session with nc HOST 25, in a notebook with world.telnet(CLIENT, SERVER)"
SOFTWARE = "all software that this host can have is there"
ACCOUNTS = "accounts are written into world.yaml: users: {bob: Bob Smith}"
LOAD = "how busy a host is: qshape active, postfix status"
RUNNING = "ss -ltnp shows what listens; postfix stop ends Postfix, and a policy server goes on whatever happens"
NETWORK = "addresses and links stand in world.yaml; nc -zv HOST 25 tells whether a server answers"
CONTENT = "no mail is encrypted in this world"
SPACE = "ls -l and find -size tell how large files are, mailq letters; what is free is disk_free in world.yaml"
LATER = "only Postfix runs by itself on this host: type it when the time has come, in a notebook after world.run(until)"
SCRIPTS = "write it in sh, sed or awk, in a notebook in Python"
AWAY = "nothing leaves this host but mail; look at another one from its own shell"
CACHES = "a resolver here remembers each answer as long as its TTL says, and cannot be told to forget"
POWER = "postfix stop, start, reload; a notebook can crash and boot a host: world.host(NAME).crash(), .boot()"
OCTETS = "cat -A shows blanks, line ends and octets that are no ASCII"

#: A program's name -> what to type instead.
INSTEAD: dict[str, str] = {
    **dict.fromkeys("vi vim view nano emacs ed ex pico joe mcedit".split(), EDIT),
    **dict.fromkeys("mutt neomutt alpine pine s-nail mail.mailutils".split(), READ),
    **dict.fromkeys("man apropos info".split(), MANUAL),
    **dict.fromkeys("journalctl syslog rsyslogd logger pflogsumm dmesg".split(), LOG),
    **dict.fromkeys("telnet swaks socat".split(), TYPED),
    **dict.fromkeys("apt apt-get aptitude dpkg dpkg-reconfigure yum dnf".split(), SOFTWARE),
    **dict.fromkeys("useradd adduser userdel deluser usermod passwd groupadd addgroup vipw".split(), ACCOUNTS),
    **dict.fromkeys("top htop ps pstree free uptime vmstat iostat".split(), LOAD),
    **dict.fromkeys("pidof pgrep pkill killall lsof fuser".split(), RUNNING),
    **dict.fromkeys("ping traceroute tracepath ip ifconfig route iptables nft ufw tcpdump".split(), NETWORK),
    **dict.fromkeys("openssl gpg certbot posttls-finger".split(), CONTENT),
    **dict.fromkeys("df du quota".split(), SPACE),
    **dict.fromkeys("watch crontab at batch".split(), LATER),
    **dict.fromkeys("python python3 perl ruby php".split(), SCRIPTS),
    **dict.fromkeys("ssh scp sftp rsync curl wget ftp git".split(), AWAY),
    **dict.fromkeys("rndc resolvectl systemd-resolve unbound-control nscd delv".split(), CACHES),
    **dict.fromkeys("reboot shutdown halt poweroff init".split(), POWER),
    **dict.fromkeys("od hexdump xxd file dos2unix".split(), OCTETS),
    **dict.fromkeys("zgrep zcat zless gunzip".split(), "logs are not rotated or packed here: grep /var/log/maillog"),
    "locate": "find / -name NAME",
    "postmulti": "a host has one Postfix here",
    "postdrop": "sendmail puts mail into the maildrop queue",
    "postlock": "who holds a mailbox has a file beside it, NAME.lock: touch makes one",
    "makemap": "Postfix compiles tables with postmap, aliases with newaliases",
    "/etc/init.d/postfix": "postfix start, stop, reload or status; systemctl and service know the same",
    "visudo": "root may do everything here, and nobody else needs to",
}


#: The shell's words for a program that it does not find, and for a process.
NOT_FOUND = re.compile(r"^/bin/sh: \d+: (?:(\S+): not found|kill: No such process)$", re.MULTILINE)
PROCESSES = "a shell reaches no process but itself here; postfix stop ends those of the mail system"


def advised(complaints: str) -> str:
    """What a shell has printed to standard error, and behind each program that is not there what to do instead."""

    def told(found: re.Match[str]) -> str:
        program = found[1]
        advice = (INSTEAD.get(program) or INSTEAD.get(posixpath.basename(program))) if program else PROCESSES
        return f"{found[0]}\n({advice})" if advice else found[0]

    return NOT_FOUND.sub(told, complaints) if complaints else complaints
