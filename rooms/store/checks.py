"""A seat's device and network test as it is stored: one JSON text, since nothing is ever searched in it."""

import json

from rooms.checks import Check, Device, Findings, PathFinding, PathKind, Speaker


def write_check(check: Check | None) -> str | None:
    """The text of a check."""
    if check is None:
        return None
    found = check.findings
    return json.dumps(
        {
            "at": check.at,
            "webrtc": found.webrtc,
            "microphone": found.microphone.value,
            "camera": found.camera.value,
            "speaker": found.speaker.value,
            "paths": [[path.path.value, path.works, path.round_trip_ms] for path in found.paths],
            "up_bps": found.up_bps,
            "down_bps": found.down_bps,
        }
    )


def read_check(text: str | None) -> Check | None:
    """The check of a text that `write_check` made."""
    if text is None:
        return None
    kept = json.loads(text)
    return Check(
        kept["at"],
        Findings(
            webrtc=kept["webrtc"],
            microphone=Device(kept["microphone"]),
            camera=Device(kept["camera"]),
            speaker=Speaker(kept["speaker"]),
            paths=tuple(PathFinding(PathKind(kind), works, round_trip) for kind, works, round_trip in kept["paths"]),
            up_bps=kept["up_bps"],
            down_bps=kept["down_bps"],
        ),
    )
