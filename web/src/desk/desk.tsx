/** The desk's door to the server: opens the line, keeps the latest states, and chooses whose desk it is. */

import { useEffect, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { isNews } from "../signal/fresh";
import { type Line, openLine } from "../signal/line";
import type { DeskState, SeatState, StaffSession } from "../signal/messages";
import { useStore } from "../ui/store";
import { Closed } from "./closed";
import { DeskScreen } from "./desk-screen";
import { TriageScreen } from "./triage";
import { resumeNotes } from "./use-notes";

interface DeskProps {
  session: StaffSession;
  onSignOut(): void;
  onSignedOut(): void;
}

export function Desk(props: DeskProps) {
  const [round, setRound] = useState(0);
  return <OpenDesk key={round} {...props} onAgain={() => setRound(round + 1)} />;
}

const SIGNED_OUT = new Set(["signed_out", "not_signed_in", "forbidden", "bad_auth"]);

function OpenDesk({ session, onSignOut, onSignedOut, onAgain }: DeskProps & { onAgain(): void }) {
  const t = useTexts();
  const { line, desk, seat, over } = useDesk();
  const status = useStore(line.status);
  const closed = status.state === "closed" ? status.code : null;
  const gone = closed !== null && SIGNED_OUT.has(closed);
  useEffect(() => {
    if (gone) onSignedOut();
  }, [gone, onSignedOut]);
  useEffect(() => resumeNotes(session.practitioner.id, line), [session, line]);
  if (closed !== null && !gone && closed !== "left") return <Closed code={closed} onAgain={onAgain} />;
  if (desk === null)
    return (
      <main class="desk-blank" data-screen="opening" aria-busy="true">
        <p role="status">{t.desk.opening}</p>
      </main>
    );
  if (session.role === "archivist" || session.role === "administrator") return <ToArchive />;
  if (session.role === "coordinator") return <TriageScreen {...{ session, line, status, desk, onSignOut }} />;
  return <DeskScreen {...{ session, line, status, desk, seat, over, onSignOut }} />;
}

/** Whoever keeps the archive has no desk. */
function ToArchive() {
  const t = useTexts();
  useEffect(() => location.replace("/archive"), []);
  return (
    <main class="desk-blank" data-screen="to-archive">
      <a href="/archive">{t.archive.toArchive}</a>
    </main>
  );
}

/** What the server says of desk and seat: `seat` only while it is the one under way, `over` from its end on. */
function useDesk(): { line: Line; desk: DeskState | null; seat: SeatState | null; over: SeatState | null } {
  const [desk, setDesk] = useState<DeskState | null>(null);
  const [seat, setSeat] = useState<SeatState | null>(null);
  const [line] = useState(() =>
    openLine(
      { audience: "desk" },
      {
        desk_state: (next) => setDesk((before) => (isNews(before, next, () => "desk") ? next : before)),
        seat_state: (next) => setSeat((before) => (isNews(before, next, (each) => each.seat) ? next : before)),
      },
    ),
  );
  useEffect(() => () => line.close(), [line]);
  const current = desk !== null && seat !== null && desk.seat === seat.seat && seat.state !== "ended" ? seat : null;
  return { line, desk, seat: current, over: seat?.state === "ended" ? seat : null };
}
