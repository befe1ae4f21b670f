"""What mails say: everything in both languages, nothing that tells a mailbox's other readers about somebody's health."""

import re
import string

import pytest

from clinic.hospitals import Department, Hospital
from common.ids import DepartmentId, HospitalId
from common.outbox.letter import Letter, LetterKind
from common.wire import LocalText
from signaling.letters import WORDS, in_words

H = HospitalId("h_aaaaaaaaaaaaaaaa")
HOSPITAL = Hospital(
    H,
    LocalText(zh="柳岸医院", en="Willow Bank Hospital"),
    "120",
    "Asia/Shanghai",
    (Department(DepartmentId("d_aaaaaaaaaaaaaaaa"), H, LocalText(zh="心理科", en="Mental health")),),
)
TOKEN = "A" * 43
FILLED = {"hospital", "when", "link", "lost"}


def letter(kind: LetterKind, language: str, starts_at: float | None = None) -> Letter:
    return Letter("m_a", kind, H, "c_a", "bai@mail.example", language, f"/join#{TOKEN}", starts_at, 1_600_000_000.0)


@pytest.mark.parametrize("kind", LetterKind)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_letter_has_its_words_and_its_link_on_a_line_of_its_own(kind: LetterKind, language: str) -> None:
    mail = in_words(letter(kind, language), HOSPITAL, "https://care.example.org")
    assert f"https://care.example.org/join#{TOKEN}" in mail.text.splitlines()
    assert bool(re.search("[一-鿿]", mail.subject)) is bool(re.search("[一-鿿]", mail.text)) is (language == "zh")
    assert mail.subject and "{" not in mail.text and mail.language == language
    for word in ("心理", "Mental", "Dr ", "医生", "doctor", "bai"):
        assert word not in mail.text + mail.subject


def test_the_languages_are_filled_alike() -> None:
    for languages in WORDS.values():
        assert set(languages) == {"zh", "en"}
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for _, text in languages.values()]
        assert fields[0] == fields[1] <= FILLED


def test_a_time_is_said_in_the_hospitals_own() -> None:
    at = 1_800_000_000.0  # 2027-01-15 08:00 UTC
    english = in_words(letter(LetterKind.INVITATION, "en", at), HOSPITAL, "https://x.example").text
    assert "online visit on Friday, 15 January 2027, 16:00 (Asia/Shanghai time)." in english
    chinese = in_words(letter(LetterKind.INVITATION, "zh", at), HOSPITAL, "https://x.example").text
    assert "请您于2027年1月15日 16:00（Asia/Shanghai 时间）在线看诊" in chinese
