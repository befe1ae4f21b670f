"""Hospitals, departments and the people who work there, as all others read them. Values only; decides nothing."""

from dataclasses import dataclass, field
from enum import StrEnum

from common.ids import DepartmentId, HospitalId, PractitionerId
from common.wire import LocalText


@dataclass(frozen=True, slots=True)
class Department:
    """A department of one hospital."""

    id: DepartmentId
    hospital: HospitalId
    name: LocalText


@dataclass(frozen=True, slots=True)
class Hospital:
    """A hospital; `time_zone` is an IANA name, `emergency_number` what a patient dials there.

    `records`: consultations may be recorded here, where everybody agrees; `erases`: what was recorded of somebody who takes the
    agreement back is destroyed. Both are off unless the hospital says so.
    """

    id: HospitalId
    name: LocalText
    emergency_number: str
    time_zone: str
    departments: tuple[Department, ...]
    records: bool = False
    erases: bool = False


class StaffRole(StrEnum):
    """What somebody of the staff does here. A coordinator triages every line of the hospital and is offered nobody; an archivist
    keeps its recordings, an administrator decides on them and does not watch them (recording/core/rights.py)."""

    PRACTITIONER = "practitioner"
    COORDINATOR = "coordinator"
    ARCHIVIST = "archivist"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class Practitioner:
    """Somebody of a hospital's staff, and the departments they may take patients of."""

    id: PractitionerId
    hospital: HospitalId
    staff_number: str
    name: LocalText
    title: LocalText
    departments: tuple[DepartmentId, ...]
    role: StaffRole = StaffRole.PRACTITIONER


@dataclass(frozen=True, slots=True)
class Directory:
    """Everything of the above at one moment: read whole, cached whole, replaced whole. Hospitals are in display order."""

    hospitals: dict[HospitalId, Hospital] = field(default_factory=dict)
    departments: dict[DepartmentId, Department] = field(default_factory=dict)
    practitioners: dict[PractitionerId, Practitioner] = field(default_factory=dict)
