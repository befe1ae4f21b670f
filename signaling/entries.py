"""From the timeline's entries to what a browser is told. Decides that only the author sees an entry's key."""

from collections.abc import Sequence

from clinic.hospitals import Directory
from common.ids import SeatId
from common.wire import LocalText
from rooms.timeline import Entry, Page, PictureInfo
from signaling.socket import messages as wire


def page(found: Page, directory: Directory, reader: SeatId) -> wire.TimelineEntries:
    """Entries as `reader` may see them."""
    return several(found.entries, found.last, directory, reader)


def several(found: Sequence[Entry], last: int, directory: Directory, reader: SeatId) -> wire.TimelineEntries:
    """The same, of entries and the number of the timeline's last."""
    return wire.TimelineEntries(seat=reader, entries=[entry(one, directory, reader) for one in found], last=last)


def entry(found: Entry, directory: Directory, reader: SeatId) -> wire.Entry:
    """One entry as `reader` may see it."""
    draft = found.draft
    return wire.Entry(
        number=found.number,
        at=draft.at,
        kind=draft.kind.value,
        seat=draft.seat,
        role=found.role.value if found.role else None,
        name=_name(found, directory),
        key=draft.key if draft.seat == reader else None,
        text=draft.text,
        picture=_picture(draft.picture),
        code=draft.code.value if draft.code else None,
        reason=draft.reason,
    )


def _name(found: Entry, directory: Directory) -> LocalText | None:
    if found.draft.seat is None:
        return None
    known = directory.practitioners.get(found.practitioner) if found.practitioner else None
    return known.name if known else LocalText(zh=found.name or "", en=found.name or "")


def _picture(picture: PictureInfo | None) -> wire.Picture | None:
    if picture is None:
        return None
    return wire.Picture(id=picture.id, width=picture.width, height=picture.height, octets=picture.octets)
