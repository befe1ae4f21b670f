"""A sample for an empty installation: two hospitals, six departments, eight doctors, all invented, one password for all.

It creates them when no hospital is there yet, and never touches an installation that has one. The password is drawn once
and kept in a file that only its owner can read, so that a later start can print it again.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from clinic.hospitals import Department, Hospital, Practitioner
from clinic.people import Clinic
from common.ids import DepartmentId, HospitalId, PractitionerId, new_id
from common.wire import LocalText

PASSWORD_FILE = "sample-password"  # noqa: S105 - a file's name
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that are read for one another: i l o 0 1

# hospital → department → doctors: (staff number, name, title)
_CHIEF = ("主任医师", "Chief physician")
_ASSOCIATE = ("副主任医师", "Associate chief physician")
_ATTENDING = ("主治医师", "Attending physician")
_Doctor = tuple[str, tuple[str, str], tuple[str, str]]
_SAMPLE: dict[tuple[str, str], dict[tuple[str, str], list[_Doctor]]] = {
    ("柳岸医院", "Willow Bank Hospital"): {
        ("呼吸内科", "Respiratory medicine"): [
            ("1001", ("安宁", "Dr An Ning"), _CHIEF),
            ("1002", ("沈知秋", "Dr Shen Zhiqiu"), _ATTENDING),
        ],
        ("发热门诊", "Fever clinic"): [("1003", ("顾行舟", "Dr Gu Xingzhou"), _ASSOCIATE)],
        ("儿科", "Paediatrics"): [("1004", ("苏晓棠", "Dr Su Xiaotang"), _ATTENDING)],
        ("心理科", "Mental health"): [("1005", ("陆清和", "Dr Lu Qinghe"), _ASSOCIATE)],
    },
    ("松溪医院", "Pine Brook Hospital"): {
        ("全科医学科", "General practice"): [
            ("2001", ("程远山", "Dr Cheng Yuanshan"), _CHIEF),
            ("2002", ("叶初晴", "Dr Ye Chuqing"), _ATTENDING),
        ],
        ("皮肤科", "Dermatology"): [("2003", ("方砚", "Dr Fang Yan"), _ASSOCIATE)],
    },
}
_ALSO_SERVES = {"1002": "发热门诊", "1003": "呼吸内科", "2001": "皮肤科"}


@dataclass(frozen=True, slots=True)
class Sample:
    """How to sign in to the sample: one doctor's staff number, the others', and the password of them all."""

    staff_number: str
    password: str
    others: tuple[str, ...]


async def create_sample(clinic: Clinic, folder: Path) -> Sample | None:
    """The sample, created in an empty installation or found as it was created; none where there is another clinic."""
    staff_numbers = {doctor[0] for departments in _SAMPLE.values() for doctors in departments.values() for doctor in doctors}
    directory = await clinic.directory()
    there = {who.staff_number for who in directory.practitioners.values()}
    if not directory.hospitals:
        hospitals, practitioners = _people()
        password = _keep_password(folder / PASSWORD_FILE)
        hashes = {who.id: await clinic.hasher.hash(password) for who in practitioners}
        await clinic.store.found(hospitals, practitioners, hashes)
    elif not staff_numbers <= there or not (folder / PASSWORD_FILE).is_file():
        return None
    first, *others = sorted(staff_numbers)
    return Sample(first, _keep_password(folder / PASSWORD_FILE), tuple(others))


def _people() -> tuple[list[Hospital], list[Practitioner]]:
    hospitals: list[Hospital] = []
    practitioners: list[Practitioner] = []
    for name, departments in _SAMPLE.items():
        hospital = HospitalId(new_id("h"))
        made = {zh: Department(DepartmentId(new_id("d")), hospital, LocalText(zh=zh, en=en)) for zh, en in departments}
        hospitals.append(Hospital(hospital, _text(name), "120", "Asia/Shanghai", tuple(made.values())))
        for (zh, _), doctors in departments.items():
            for staff_number, doctor, title in doctors:
                serves = [zh, *([_ALSO_SERVES[staff_number]] if staff_number in _ALSO_SERVES else [])]
                practitioners.append(
                    Practitioner(
                        id=PractitionerId(new_id("pr")),
                        hospital=hospital,
                        staff_number=staff_number,
                        name=_text(doctor),
                        title=_text(title),
                        departments=tuple(made[one].id for one in serves),
                    )
                )
    return hospitals, practitioners


def _text(pair: tuple[str, str]) -> LocalText:
    return LocalText(zh=pair[0], en=pair[1])


def _keep_password(file: Path) -> str:
    """The password in the file; drawn and written first (mode 0600) when there is none. Of two at once, one draws."""
    drawn = "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))  # 79 bits
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(drawn + "\n")
    try:
        os.link(draft, file)  # whole or not at all, and never over another's
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return file.read_text().strip()
