"""pulls.toml: what it may say, and how it is told what is wrong."""

from datetime import timedelta

import pytest

from callmeter.errors import BrokenCatalogue, UsageError
from callmeter.pulls.kinds import credentials
from callmeter.pulls.settings import read_pulls
from pull_kit import ACCOUNT, settings

WHOLE = f"""
[pulls.twilio]
kind = "twilio"
account = "{ACCOUNT}"

[pulls.head-office]
kind = "freepbx-mysql"
host = "pbx.example.net"
user = "callmeter"
every = "30m"
look_back = "3d"
secret = "/elsewhere/pbx"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(BrokenCatalogue) as broken:
        read_pulls(text.encode(), "rates/pulls.toml")
    return [str(problem) for problem in broken.value.problems]


def test_what_is_not_said_is_as_the_kind_has_it() -> None:
    twilio, office = read_pulls(WHOLE.encode()).values()
    assert (twilio.source, twilio.every, twilio.look_back) == ("twilio", timedelta(hours=1), timedelta(days=7))
    assert twilio.parameter() == "/callmeter/pulls/twilio"
    assert twilio.parameter("/other/") == "/other/twilio"
    assert (office.source, office.every, office.look_back) == ("freepbx", timedelta(minutes=30), timedelta(days=3))
    assert office.parameter() == "/elsewhere/pbx"


def test_every_problem_is_told_with_file_line_and_key() -> None:
    text = WHOLE.replace('"30m"', '"30 minutes"').replace('account = "AC', 'account = "').replace("host", "hots")
    assert [each.split("\n")[0] for each in problems(text)] == [
        "rates/pulls.toml:4:1: pulls.twilio.account: String should match pattern '^AC[0-9a-fA-F]{32}$' [bad-value]",
        'rates/pulls.toml:10:1: pulls.head-office.every: write it as "30m", "1h" or "2d" [bad-value]',
        "rates/pulls.toml:6:1: pulls.head-office.host: Field required [bad-value]",
        "rates/pulls.toml:8:1: pulls.head-office.hots: Extra inputs are not permitted [bad-value]",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pulls.x]\nkind = 'fax'\n", "does not match any of the expected tags"),
        ("[pulls.x]\n", 'Say which: kind = "twilio", say.'),
        ("[pulls]\nx = 1\n", "pulls.x: Input should be"),
        ("kind = 'twilio'\n", '"kind" stands outside [pulls.NAME]'),
        ("[pulls.x\n", "bad-toml"),
        ("[pulls.Up]\nkind = 'telnyx'\n", "pulls.Up.name"),
        ("[pulls.x]\nkind = 'telnyx'\nurl = 'ftp://x'\n", "pulls.x.url"),
        ("[pulls.x]\nkind = 'telnyx'\nurl = 'https://user:secret@x'\n", "pulls.x.url"),
        ("[pulls.x]\nkind = 'telnyx'\nurl = 'http://x'\n", 'needs tls = "off"'),
        ("[pulls.x]\nkind = 'telnyx'\ntls = 'off'\n", 'needs tls = "off"'),
        ("[pulls.x]\nkind = 'telnyx'\nca = 'mine'\n", "this is no certificate"),
        ("[pulls.x]\nkind = 'telnyx'\nsource = '../up'\n", "pulls.x.source"),
        ("[pulls.x]\nkind = 'vitelity'\ntimezone = 'Denver'\n", 'write one such as "America/New_York"'),
        ("[pulls.x]\nkind = 'fusionpbx'\nhost = 'x'\nlook_back = '2h'\n", "pulls.x.look_back"),
    ],
)
def test_what_is_wrong_is_refused_in_words(text: str, said: str) -> None:
    assert said in "\n".join(problems(text))


def test_a_secret_is_a_password_or_user_and_password() -> None:
    pull = settings("telnyx", user="me")
    assert credentials(pull, " word \n") == ("me", "word")
    assert credentials(pull, '{"password": "word"}') == ("me", "word")
    assert credentials(pull, '{"user": "you", "password": "word"}') == ("you", "word")


def test_a_secret_that_is_neither_is_not_shown() -> None:
    pull = settings("telnyx")
    for secret in ('{"pass": "hunter2"}', '{"password": "hunter2"'):
        with pytest.raises(UsageError) as wrong:
            credentials(pull, secret)
        assert "hunter2" not in str(wrong.value)
    assert "hunter2" not in repr(credentials(pull, "hunter2"))
