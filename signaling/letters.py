"""The words of everything that is mailed, in both languages, and nothing else about mail.

No condition, no department, no doctor and no patient is named in any of them: a mailbox is read by others. The words are kind
and short; a link stands on a line of its own.
"""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from clinic.hospitals import Hospital
from common.ids import HospitalId
from common.outbox.letter import Letter, LetterKind
from common.outbox.mail import Mail
from signaling.views import Names

WORDS: dict[LetterKind, dict[str, tuple[str, str]]] = {
    LetterKind.INVITATION: {
        "en": (
            "Your online visit",
            "Hello,\n\n"
            "{hospital} is expecting you for an online visit{when}. You need no app and no account: open this link on a phone "
            "or a computer.\n\n"
            "{link}\n\n"
            "The link is for you alone and works once, so please do not pass it on. If it no longer opens, you can ask for a "
            "new one here: {lost}\n",
        ),
        "zh": (
            "您的在线看诊",
            "您好：\n\n"
            "{hospital}请您{when}在线看诊。无需下载应用，也无需注册，用手机或电脑打开下面的链接即可。\n\n"
            "{link}\n\n"
            "此链接仅供您本人使用，且只能打开一次，请勿转发。若链接已失效，可在这里重新获取：{lost}\n",
        ),
    },
    LetterKind.LINK: {
        "en": (
            "Your new link",
            "Hello,\n\n"
            "Here is your new link to your online visit at {hospital}. It brings you back to your own place; links sent "
            "before no longer work.\n\n"
            "{link}\n\n"
            "The link is for you alone and works once. If you did not ask for it, you do not have to do anything: it was "
            "sent to nobody else.\n",
        ),
        "zh": (
            "您的新链接",
            "您好：\n\n"
            "这是您在{hospital}在线看诊的新链接，打开后会回到您原来的位置；之前的链接均已失效。\n\n"
            "{link}\n\n"
            "此链接仅供您本人使用，且只能打开一次。如果不是您本人申请的，无需理会：我们没有发给其他人。\n",
        ),
    },
    LetterKind.TURN: {
        "en": (
            "It will soon be your turn",
            "Hello,\n\n"
            "You asked to be called back: it will soon be your turn at {hospital}. Please come back now with this link.\n\n"
            "{link}\n\n"
            "Your place is kept. If you cannot come right away, others go first, and you can still come in the next few hours.\n",
        ),
        "zh": (
            "快轮到您了",
            "您好：\n\n"
            "您请我们到时叫您：{hospital}快轮到您了，请现在点下面的链接回来。\n\n"
            "{link}\n\n"
            "您的位置一直为您保留。如果暂时回不来，会先请后面的人，接下来几小时内您随时可以回来。\n",
        ),
    },
}


class Post(Protocol):
    """A way out of the house."""

    async def post(self, mail: Mail) -> None:
        """Raises NotSent."""


class Letters:
    """Puts letters into words and posts them."""

    def __init__(self, names: Names, base_url: str, post: Post) -> None:
        self._names = names
        self._base_url = base_url
        self._post = post

    async def send(self, letter: Letter) -> None:
        """Raises NotSent, and Unavailable while hospitals cannot be read."""
        directory = await self._names.directory()
        await self._post.post(in_words(letter, directory.hospitals[HospitalId(letter.hospital)], self._base_url))


def in_words(letter: Letter, hospital: Hospital, base_url: str) -> Mail:
    """The letter as it is read."""
    language = "zh" if letter.language == "zh" else "en"
    subject, text = WORDS[letter.kind][language]
    filled = text.format(
        hospital=hospital.name.zh if language == "zh" else hospital.name.en,
        when=when(letter.starts_at, hospital.time_zone, language),
        link=base_url + letter.path,
        lost=f"{base_url}/join",
    )
    return Mail(letter.id, letter.recipient, language, subject, filled, letter.created_at)


def when(at: float | None, time_zone: str, language: str) -> str:
    """A moment in the hospital's own time, which is named, as a part of a sentence; nothing where no time was set."""
    if at is None:
        return ""
    local = datetime.fromtimestamp(at, ZoneInfo(time_zone))
    if language == "zh":
        return f"于{local.year}年{local.month}月{local.day}日 {local:%H:%M}（{time_zone} 时间）"
    return f" on {local:%A}, {local.day} {local:%B %Y}, {local:%H:%M} ({time_zone} time)"
