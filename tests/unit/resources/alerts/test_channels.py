"""Messages reach real servers on this machine; what fails is said without any secret."""

from __future__ import annotations

import datetime as dt
import subprocess

import pytest
from local_servers import PASSWORD, USER, chat_server, mail_server

from resources.alerts.channels import Mail, Security, SendFailed, Webhook
from resources.alerts.message import Message

AT = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)
MESSAGE = Message("a1-recovered", AT, "Recovered: Data\r\nBcc: x", "It is <late> & *loud*", {"Where": "silver/web"},
                  [[("metric", "value"), ("people", "1,200")]], "http://ui/runs/1", "a1-opened")  # fmt: skip


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate of 127.0.0.1, and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    subprocess.run(
        [*command, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    return str(cert), str(key)


def mail(port: int, **settings: object) -> Mail:
    return Mail("127.0.0.1", port, "platform@example.com", ("a@example.com", "b@example.com"), **settings)  # type: ignore[arg-type]


def test_a_webhook_takes_a_post() -> None:
    with chat_server() as chat:
        Webhook(chat.url).send(MESSAGE)
        (post,) = chat.posts
    assert post["text"] == "Recovered: Data Bcc: x"
    assert post["blocks"][0]["text"]["text"] == "Recovered: Data Bcc: x"


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_a_webhook_that_refuses_fails_without_its_address(status: int) -> None:
    """The address is the secret. A redirect would send the text, and then the secret, elsewhere."""
    with chat_server() as chat:
        chat.status = status
        with pytest.raises(SendFailed, match=f"^webhook: answered with status {status}$"):
            Webhook(chat.url).send(MESSAGE)
    with pytest.raises(SendFailed, match=r"^webhook: ConnectionError$") as raised:
        Webhook(chat.url).send(MESSAGE)
    assert raised.value.__cause__ is None
    assert "canary" not in repr(Webhook(chat.url))


def test_mail_is_sent_to_all_over_an_encrypted_connection(
    certificate: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log-in comes after STARTTLS. The server's certificate has to be one that this machine trusts."""
    with mail_server(certificate) as mailbox:
        channel = mail(mailbox.port, user=USER, password=PASSWORD)
        with pytest.raises(SendFailed, match=r"^mail: SSLCertVerificationError$"):
            channel.send(MESSAGE)
        monkeypatch.setenv("SSL_CERT_FILE", certificate[0])
        channel.send(MESSAGE)
        with pytest.raises(SendFailed, match=r"^mail: SMTP\w+(, status 535)?$"):
            mail(mailbox.port, user=USER, password="wrong").send(MESSAGE)
    (received,) = mailbox.mail
    assert mailbox.recipients == ["a@example.com", "b@example.com"]
    assert received["Subject"] == "Recovered: Data Bcc: x"
    assert received["Bcc"] is None
    assert received["Message-ID"] == "<a1-recovered@event-analytics-platform>"
    assert received["In-Reply-To"] == "<a1-opened@event-analytics-platform>"
    plain, html = (received.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    assert "It is <late> & *loud*" in plain
    assert "metric  value\npeople  1,200" in "\n".join(plain.splitlines())
    assert "It is &lt;late&gt; &amp; *loud*" in html
    assert "http://ui/runs/1" in plain
    assert PASSWORD not in repr(channel)


def test_a_mail_server_without_encryption_has_to_be_asked_for() -> None:
    """For a relay on the same machine."""
    with mail_server() as mailbox:
        with pytest.raises(SendFailed, match=r"^mail: SMTPNotSupportedError$"):
            mail(mailbox.port).send(MESSAGE)
        mail(mailbox.port, security=Security.NONE).send(MESSAGE)
        mailbox.status = "451 not now"
        with pytest.raises(SendFailed, match=r"^mail: SMTPDataError, status 451$"):
            mail(mailbox.port, security=Security.NONE).send(MESSAGE)
    assert len(mailbox.mail) == 1
    with pytest.raises(SendFailed, match=r"^mail: ConnectionRefusedError$"):
        mail(mailbox.port).send(MESSAGE)
