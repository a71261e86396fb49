"""A session typed by hand, line by line, at the world's present time."""

from __future__ import annotations

import simmail

SERVER = "mail.domain.ork"


def test_a_typed_message_is_delivered_and_logged() -> None:
    """Each line is answered at once, the log tells of the session while it lasts, and the message arrives."""
    world = simmail.load("01", seed=1)
    world.run(until="10m")
    host = world.host(SERVER)
    line = world.telnet("pc1.domain.ork", SERVER)
    assert line.transcript == ["S: 220 mail.domain.ork ESMTP Postfix (Debian/GNU)"]
    assert "connect from pc1.domain.ork[192.168.1.20]" in str(host.sh("tail -1 /var/log/maillog"))
    assert line.type("HELO pc1") == "250 mail.domain.ork"
    assert line("MAIL FROM:<alice@domain.ork>") == "250 2.1.0 Ok"
    assert line("RCPT TO:<alice@domain.ork>") == "250 2.1.5 Ok"
    assert line("DATA").startswith("354 ")
    assert line("Subject: typed\n\n..hello") == ""
    assert "queued as" in line(".")
    assert line("QUIT") == "221 2.0.0 Bye"
    assert not line.open
    assert line("NOOP") == "(closed)"
    world.run(world.now + 1)
    mailbox = host.sh("cat /var/mail/alice").stdout
    assert "Subject: typed\n\n.hello\n" in mailbox
    log = str(host.sh("cat /var/log/maillog"))
    assert "disconnect from pc1.domain.ork[192.168.1.20] helo=1 mail=1 rcpt=1 data=1 quit=1 commands=5" in log


def test_time_passes_between_lines() -> None:
    """The server waits for the next line, but not for ever."""
    world = simmail.load("01", seed=1)
    line = world.telnet("pc1.domain.ork", SERVER)
    line("HELO pc1")
    for _ in range(3):
        world.run(world.now + 200)
        assert line("NOOP") == "250 2.0.0 Ok"
    world.run(world.now + 400)
    assert line.transcript[-1] == "S: 421 4.4.2 mail.domain.ork Error: timeout exceeded"
    assert line("NOOP") == "(closed)"
    log = str(world.host(SERVER).sh("grep smtpd /var/log/maillog | tail -2"))
    assert "timeout after NOOP from pc1.domain.ork[192.168.1.20]" in log


def test_a_session_left_in_the_middle_of_a_message() -> None:
    """The log says how much of the message had come, and nothing is delivered."""
    world = simmail.load("01", seed=1)
    for leave in (lambda line: line.close(), lambda line: world.run(world.now + 400)):
        line = world.telnet("pc1.domain.ork", SERVER)
        line("HELO pc1\nMAIL FROM:<alice@domain.ork>\nRCPT TO:<alice@domain.ork>\nDATA\nSubject: x")
        leave(line)
    log = str(world.host(SERVER).sh("grep 'after DATA' /var/log/maillog"))
    assert "lost connection after DATA (12 bytes) from pc1.domain.ork[192.168.1.20]" in log
    assert "timeout after DATA (12 bytes) from pc1.domain.ork[192.168.1.20]" in log
    assert not world.host(SERVER).machine.files.exists("/var/mail/alice")


def test_nobody_listens() -> None:
    """A host without a mail server refuses, an address that nobody has never answers."""
    world = simmail.load("01", seed=1)
    assert world.telnet(SERVER, "192.168.1.20").transcript == ["S: (Connection refused)"]
    assert world.telnet("pc1.domain.ork", "203.0.113.250").transcript == ["S: (Connection timed out)"]
    assert world.telnet("pc1.domain.ork", "nosuch.example").transcript == ["S: (Name or service not known)"]


def test_a_server_is_called_by_its_other_names() -> None:
    """The host's own is localhost; a name that only DNS knows is looked up."""
    world = simmail.load("01", seed=1)
    world.zones.read("smtp.domain.ork. IN CNAME mail.domain.ork.\n")
    for client, name in ((SERVER, "localhost"), ("pc1.domain.ork", "smtp.domain.ork")):
        assert world.telnet(client, name).transcript == ["S: 220 mail.domain.ork ESMTP Postfix (Debian/GNU)"]
