"""What the people of the play write, in both languages."""

from dataclasses import dataclass
from typing import Any, Literal

Waiting = tuple[str, int, str, dict[str, Any]]
"""Name, year of birth, what brings them, and what of the answers differs."""


@dataclass(frozen=True, slots=True)
class Words:
    """Names and sentences of one language."""

    language: Literal["en", "zh"]
    hospital: str
    department: str
    quiet: str
    patient: str
    reason: str
    longer_reason: str
    history: str
    allergies: str
    companion: str
    lost: str
    """Of the note that the connection is lost, as the page says it."""
    from_patient: tuple[str, ...]
    from_doctor: tuple[str, ...]
    notes: dict[str, str]
    agreed: str
    next_step: str
    crowd: tuple[Waiting, ...]


EN = Words(
    language="en",
    hospital="Willow Bank",
    department="Respiratory",
    quiet="Mental health",
    patient="Bai Yun",
    reason="Cough for two weeks",
    longer_reason="Cough for two weeks, worse at night. Fever since yesterday, 38.2 in the evening.",
    history="Asthma since childhood; an inhaler when the weather turns.",
    allergies="Penicillin: a rash, in 1998",
    companion="Bai Lin",
    lost="The connection is interrupted",
    from_patient=("Good morning, doctor. I can write if you cannot hear me well.", "It is the blue inhaler, twice a day."),
    from_doctor=("Good morning. Please send me a photo of the inhaler that you use.", "Thank you, that is the right one."),
    notes={
        "complaint": "Cough for two weeks",
        "illness": "Dry cough, worse at night. Fever up to 38.2 since yesterday. No shortness of breath at rest.",
        "history": "Asthma since childhood",
        "allergies": "Penicillin (rash)",
        "assessment": "Acute bronchitis in known asthma",
        "advice": "Inhaler twice a day for ten days\nDrink warm water, rest your voice\nMeasure the temperature every evening",
    },
    agreed="Inhaler twice a day for ten days\nDrink warm water, rest your voice\nMeasure the temperature every evening",
    next_step="If the fever is still there on Friday, come back by this link.",
    crowd=(
        ("Qing Shan", 1951, "Short of breath on the stairs since Monday", {"red_flags": ["breathing"]}),
        ("Chun Xiao", 1988, "Wheezing at night, inhaler is empty", {"allergies": "House dust"}),
        ("Jiang Yue", 1973, "Second look at an X-ray from last week", {"history": "Pneumonia in 2019"}),
        ("Lin Feng", 2001, "Sore throat and a cold for five days", {}),
        ("Song Tao", 1944, "Tired since the new tablets", {"history": "High blood pressure"}),
    ),
)

ZH = Words(
    language="zh",
    hospital="柳岸医院",
    department="呼吸内科",
    quiet="心理科",
    patient="白云",
    reason="咳嗽两周",
    longer_reason="咳嗽两周，夜里更重。昨天开始发热，晚上 38.2 度。",
    history="自幼哮喘，换季时用吸入剂。",
    allergies="青霉素，1998 年起过皮疹",
    companion="白琳",
    lost="连接断了",
    from_patient=("医生早上好，听不清的话我可以打字。", "是蓝色的吸入剂，一天两次。"),
    from_doctor=("早上好。请把您用的吸入剂拍一张照片发给我。", "谢谢，就是这一种。"),
    notes={
        "complaint": "咳嗽两周",
        "illness": "干咳，夜间加重。昨日起发热，最高 38.2 度。静息时无气促。",
        "history": "自幼哮喘",
        "allergies": "青霉素（皮疹）",
        "assessment": "哮喘基础上的急性支气管炎",
        "advice": "吸入剂每天两次，用十天\n多喝温水，少说话\n每天傍晚量体温",
    },
    agreed="吸入剂每天两次，用十天\n多喝温水，少说话\n每天傍晚量体温",
    next_step="周五仍发热，请用这个链接再来。",
    crowd=(
        ("青山", 1951, "周一起上楼气短", {"red_flags": ["breathing"]}),
        ("春晓", 1988, "夜间喘鸣，吸入剂用完了", {"allergies": "尘螨"}),
        ("江月", 1973, "上周的胸片想再看看", {"history": "2019 年肺炎"}),
        ("林风", 2001, "咽痛、感冒五天", {}),
        ("松涛", 1944, "换药以后一直乏力", {"history": "高血压"}),
    ),
)

ALL = {"en": EN, "zh": ZH}
