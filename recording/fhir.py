"""A sealed recording as a FHIR R4 DocumentReference (hl7.org/fhir/R4/documentreference.html). Pure: values in, JSON out.

It decides what leaves the house about a recording: ids, times, sizes and whose it is by identifier; never a name, a diagnosis or
the recording itself. Whoever follows `attachment.url` comes to the archive, signs in there and says why.
"""

from datetime import UTC, datetime
from typing import Any

from recording.records import Recording

MEDIA_TYPE = "application/fhir+json"
_SYSTEM = "urn:consilium:"
_MOST_SIZE = 2**31 - 1  # unsignedInt


def fhir_id(recording: str) -> str:
    """The resource's id: ours without the underscore, which FHIR ids lack."""
    return recording.replace("_", "-")


def document_reference(recording: Recording, base_url: str) -> dict[str, Any]:
    """The resource. `base_url` is where people reach this installation."""
    began, ended = _instant(recording.started_at), _instant(recording.ended_at)
    attachment: dict[str, Any] = {
        "contentType": "application/vnd.consilium.recording",
        "url": f"{base_url}/archive?recording={recording.id}",
        "title": "Recording of a video consultation",
        "creation": ended,
    }
    if recording.octets <= _MOST_SIZE:
        attachment["size"] = recording.octets
    resource: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "id": fhir_id(recording.id),
        "masterIdentifier": {"system": f"{_SYSTEM}recording", "value": recording.id},
        "identifier": [{"system": f"{_SYSTEM}recording-manifest-sha256", "value": recording.digest}],
        "status": "current",
        "docStatus": "final",
        "type": {
            "coding": [{"system": "http://loinc.org", "code": "34109-9", "display": "Note"}],
            "text": "Recording of a video consultation",
        },
        "date": ended,
        "custodian": _by_identifier("Organization", "hospital", recording.hospital),
        "securityLabel": [
            {
                "coding": [
                    {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R", "display": "restricted"}
                ]
            }
        ],
        "content": [{"attachment": attachment}],
        "context": {
            "encounter": [_by_identifier("Encounter", "consultation", recording.consultation)],
            "period": {"start": began, "end": ended},
        },
    }
    if recording.patient is not None:
        resource["subject"] = _by_identifier("Patient", "seat", recording.patient)
    if recording.practitioner is not None:
        resource["author"] = [_by_identifier("Practitioner", "practitioner", recording.practitioner)]
    return resource


def _by_identifier(kind: str, system: str, value: str) -> dict[str, Any]:
    """A logical reference (hl7.org/fhir/R4/references.html#logical): the other side may know it by our identifier, or not."""
    return {"type": kind, "identifier": {"system": f"{_SYSTEM}{system}", "value": value}}


def _instant(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
