"""The folders and links that Debian's base system, and its postfix package, make."""

from __future__ import annotations

#: The bit of a folder's permissions with which it hands its group on to what is made in it.
SET_GROUP = 0o2000
#: Those of the queue directory that only Postfix looks into.
CLOSED = "active bounce corrupt defer deferred flush hold incoming private saved trace".split()
#: Folders that every machine has.
FOLDERS = (
    *("/bin", "/dev", "/home", "/media", "/mnt", "/opt", "/root", "/run", "/sbin", "/srv", "/tmp"),
    *("/etc/cron.d", "/etc/default", "/etc/init.d", "/etc/postfix", "/etc/skel"),
    *("/usr/bin", "/usr/lib", "/usr/sbin", "/usr/share"),
    *(f"/usr/local/{name}" for name in ("bin", "etc", "lib", "sbin", "share", "src")),
    *(f"/var/{name}" for name in ("backups", "cache", "lib", "local", "log", "mail", "opt", "spool", "tmp")),
)
#: Folders with other permissions than 755.
FOLDER_MODES = {
    "/tmp": 0o1777, "/var/tmp": 0o1777, "/var/mail": 0o2775, "/root": 0o700,
    "/var/spool/postfix/maildrop": 0o1730, "/var/spool/postfix/public": 0o2710,
    **{f"/var/spool/postfix/{name}": 0o700 for name in CLOSED},
}  # fmt: skip
#: What lies in folders that not everybody may enter begins with one of these.
CLOSED_PATHS = tuple(f"{folder}/" for folder, mode in FOLDER_MODES.items() if not mode & 0o001)
#: Folders of another group than their owner's: its number.
FOLDER_GROUPS = {
    "/var/mail": 8, "/var/spool/postfix/maildrop": 103, "/var/spool/postfix/public": 103,
    **{f"/var/spool/postfix/{name}": 0 for name in CLOSED},
}  # fmt: skip
#: Symbolic links that every machine has.
LINKS = {"/var/run": "/run", "/var/spool/mail": "../mail"}
