"""A sample for an empty installation: two hospitals, six departments, eight doctors and three who keep the house, all invented.

It creates them when no hospital is there yet, and never touches an installation that has one. They share one password and one
second factor, each drawn once and kept in a file that only its owner can read, so that a later start can print them again.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

from clinic import factors
from clinic.hospitals import Department, Hospital, Practitioner, StaffRole
from clinic.people import Clinic
from common.ids import DepartmentId, HospitalId, PractitionerId, new_id
from common.kept import keep
from common.wire import LocalText

PASSWORD_FILE = "sample-password"  # noqa: S105 - a file's name
FACTOR_FILE = "sample-factor"
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
_RECORDS = "柳岸医院"  # the other shows what a hospital is that never said so
_COORDINATOR = ("1900", "柳岸医院", ("何静", "He Jing"), ("分诊护士", "Triage nurse"))
_ARCHIVIST = ("1901", "柳岸医院", ("清明", "Qing Ming"), ("病案管理员", "Archivist"))
_ADMINISTRATOR = ("1902", "柳岸医院", ("谷雨", "Gu Yu"), ("院务主管", "Administrator"))
_OTHERS = {
    StaffRole.COORDINATOR: _COORDINATOR,
    StaffRole.ARCHIVIST: _ARCHIVIST,
    StaffRole.ADMINISTRATOR: _ADMINISTRATOR,
}
_ALSO_SERVES = {"1002": "发热门诊", "1003": "呼吸内科", "2001": "皮肤科"}


@dataclass(frozen=True, slots=True)
class Sample:
    """How to sign in to the sample: staff numbers of a doctor, the other doctors, the coordinator, the archivist and the
    administrator (empty in a sample made before there were any); password and factor of all."""

    staff_number: str
    password: str
    secret: str
    others: tuple[str, ...]
    coordinator: str
    archivist: str = ""
    administrator: str = ""


async def create_sample(clinic: Clinic, folder: Path, now: float) -> Sample | None:
    """The sample, created in an empty installation or found as it was created; none where there is another clinic."""
    directory = await clinic.directory()
    if not directory.hospitals:
        hospitals, practitioners = _people()
        password = _password(folder)
        hashes = {who.id: await clinic.hasher.hash(password) for who in practitioners}
        await clinic.store.found(hospitals, practitioners, hashes)
        directory = await clinic.directory()
    elif not (folder / PASSWORD_FILE).is_file():
        return None
    theirs = {who.staff_number: who.id for who in directory.practitioners.values()}
    first, *others = sorted(
        doctor[0] for departments in _SAMPLE.values() for doctors in departments.values() for doctor in doctors
    )
    ours = [first, *others, _COORDINATOR[0]]
    if not set(ours) <= theirs.keys():
        return None
    secret = _secret(folder)
    keepers = [number if number in theirs else "" for number in (_ARCHIVIST[0], _ADMINISTRATOR[0])]
    ours += [number for number in keepers if number]
    await clinic.store.enrol({theirs[one]: clinic.vault.seal(secret, theirs[one]) for one in ours}, now)
    return Sample(first, _password(folder), secret, tuple(others), _COORDINATOR[0], *keepers)


def sample_secret(folder: Path) -> str | None:
    """The sample's second factor where the folder has one. Real accounts have theirs in the database alone, sealed."""
    return _secret(folder) if (folder / FACTOR_FILE).is_file() else None


def _people() -> tuple[list[Hospital], list[Practitioner]]:
    hospitals: list[Hospital] = []
    practitioners: list[Practitioner] = []
    for name, departments in _SAMPLE.items():
        hospital = HospitalId(new_id("h"))
        made = {zh: Department(DepartmentId(new_id("d")), hospital, LocalText(zh=zh, en=en)) for zh, en in departments}
        records = name[0] == _RECORDS
        hospitals.append(
            Hospital(hospital, _text(name), "120", "Asia/Shanghai", tuple(made.values()), records=records, erases=records)
        )
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
    practitioners += [_of_role(role, hospitals) for role in _OTHERS]
    return hospitals, practitioners


def _text(pair: tuple[str, str]) -> LocalText:
    return LocalText(zh=pair[0], en=pair[1])


def _of_role(role: StaffRole, hospitals: list[Hospital]) -> Practitioner:
    staff_number, at, name, title = _OTHERS[role]
    return Practitioner(
        id=PractitionerId(new_id("pr")),
        hospital=next(hospital.id for hospital in hospitals if hospital.name.zh == at),
        staff_number=staff_number,
        name=_text(name),
        title=_text(title),
        departments=(),
        role=role,
    )


def _password(folder: Path) -> str:
    def drawn() -> bytes:  # 79 bits
        return ("-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4)) + "\n").encode()

    return keep(folder / PASSWORD_FILE, drawn).decode().strip()


def _secret(folder: Path) -> str:
    def drawn() -> bytes:
        return (factors.new_secret() + "\n").encode()

    return keep(folder / FACTOR_FILE, drawn).decode().strip()
