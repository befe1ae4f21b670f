"""Opaque identifiers. Decides how an id looks; never carries meaning, time or a person in one."""

import re
import secrets
from typing import NewType

HospitalId = NewType("HospitalId", str)
DepartmentId = NewType("DepartmentId", str)
PractitionerId = NewType("PractitionerId", str)
ConsultationId = NewType("ConsultationId", str)
SeatId = NewType("SeatId", str)
OfferId = NewType("OfferId", str)
WorkerId = NewType("WorkerId", str)
PeerId = NewType("PeerId", str)
RecordingId = NewType("RecordingId", str)

_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH = 16  # 80 bits: collisions are out of reach, and nothing is granted by knowing one
ID_PATTERN = r"^[a-z]{1,4}_[a-z2-7]{16}$"
_ID = re.compile(ID_PATTERN)


def new_id(prefix: str) -> str:
    """A fresh id such as ``c_k3v...``; `prefix` is one to four lower-case letters naming the kind."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def is_id(text: str) -> bool:
    """Whether `text` has the form of an id made here."""
    return _ID.fullmatch(text) is not None
