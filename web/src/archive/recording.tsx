/** One recording: what is known of it, its player, and what may be done with it. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchiveLine, ArchiveRecording, PlayGranted, StaffSession } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { lazily } from "../ui/lazy";
import { Note } from "../ui/screen";
import { ExportPart } from "./export-part";
import { HoldPart } from "./hold-part";
import { PlaySheet } from "./play-sheet";
import { RetentionPart } from "./retention-part";
import { VerifyBadge } from "./verify";
import { dayAndTime, faultText, isoDay, longDay } from "./words";

const Player = lazily(
  () => import("./player").then((part) => part.Player),
  () => <div class="player-blank" aria-busy="true" />,
);

interface RecordingProps {
  which: string;
  rights: ReadonlySet<string>;
  session: StaffSession;
  onChanged(line: ArchiveLine): void;
  onBack(): void;
}

export function Recording({ which, rights, session, onChanged, onBack }: RecordingProps) {
  const t = useTexts();
  const { told, fault, keep, setFault } = useRecording(which, onChanged);
  const [play, setPlay] = useState<PlayGranted | null>(null);
  const [asking, setAsking] = useState(false);
  const back = (
    <button type="button" class="btn btn-quiet archive-back" name="back" onClick={onBack}>
      <Icon name="arrow-left" />
      <span>{t.archive.back}</span>
    </button>
  );
  if (told === null)
    return (
      <div class="archive-in">
        {back}
        <div role="status">
          {fault === null ? (
            <p class="second">{t.archive.opening}</p>
          ) : (
            <Note tone="amber" icon="triangle-alert" title={faultText(t, fault)} />
          )}
        </div>
      </div>
    );
  const { line } = told;
  const alive = line.state !== "destroyed";
  return (
    <div class="archive-in" data-recording-open={which}>
      {back}
      <Head line={line} holds={told.holds} />
      {alive && <VerifyBadge line={line} may={rights.has("verify")} onChecked={keep} onFault={setFault} />}
      {alive && (
        <div class="row archive-tools">
          {rights.has("hold") && <HoldPart line={line} onDone={keep} />}
          {rights.has("classify") && <RetentionPart line={line} onDone={keep} onFault={setFault} />}
          {rights.has("export") && <ExportPart told={told} onDone={keep} />}
        </div>
      )}
      <div role="alert">
        {fault !== null && <Note tone="amber" icon="triangle-alert" title={faultText(t, fault)} />}
      </div>
      {!alive && <Note icon="eraser" title={t.archive.gone} />}
      {alive && rights.has("play") && play === null && (
        <button type="button" class="poster" name="watch" onClick={() => setAsking(true)}>
          <Icon name="play" />
          <span>{t.archive.watch}</span>
        </button>
      )}
      {play !== null && <Player play={play} session={session} onOver={() => setPlay(null)} />}
      {play !== null && (
        <p class="row small second">
          <Icon name="eye" />
          <span>
            {t.archive.sentences(
              t.archive.logged(t.archive.purposes[play.purpose] ?? play.purpose),
              t.archive.grantUntil(timeOfDay(t, play.expires_at)),
            )}
          </span>
        </p>
      )}
      {asking && (
        <PlaySheet
          which={which}
          onGranted={(granted) => {
            setAsking(false);
            setFault(null);
            setPlay(granted);
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </div>
  );
}

const MAKING_MS = 2_000;

function useRecording(which: string, onChanged: (line: ArchiveLine) => void) {
  const [told, setTold] = useState<ArchiveRecording | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const keep = useCallback((next: ArchiveRecording) => {
    setTold(next);
    onChanged(next.line);
  }, []);
  const making = told?.exports.some((each) => each.state === "queued" || each.state === "running") ?? false;
  useEffect(() => {
    let over = false;
    const look = async () => {
      const reply = await request<ArchiveRecording>("GET", `/api/archive/recordings/${which}`);
      if (over) return;
      if (reply.ok) keep(reply.body);
      else setFault(reply.error.code);
    };
    if (told === null) void look();
    const timer = making ? setInterval(() => void look(), MAKING_MS) : undefined;
    return () => {
      over = true;
      clearInterval(timer);
    };
  }, [which, making, keep]);
  return { told, fault, keep, setFault };
}

function Head({ line, holds }: Pick<ArchiveRecording, "line" | "holds">) {
  const t = useTexts();
  const local = useLocal();
  const doctor = line.practitioner === null ? "" : t.doctor(local(line.practitioner));
  const standing = holds.find((each) => each.released_at === null);
  return (
    <header class="archive-one-head">
      <h2>{t.archive.pair(line.patient ?? t.archive.unnamed, doctor)}</h2>
      <p class="small second num">
        {t.archive.sentences(
          t.archive.span(longDay(t, line.started_at), timeOfDay(t, line.started_at), timeOfDay(t, line.ended_at)),
          line.state === "destroyed" ? "" : t.archive.keptUntil(longDay(t, line.kept_until)),
          [local(line.department), t.archive.retentions[line.retention] ?? ""].join(t.listJoin),
        )}
      </p>
      {standing !== undefined && (
        <p class="row small">
          <Icon name="gavel" />
          <span>{t.archive.heldSince(local(standing.by), isoDay(standing.since), standing.reason)}</span>
        </p>
      )}
      {line.due_at !== null && line.state !== "destroyed" && !line.held && (
        <Note tone="amber" icon="clock" title={t.archive.dueAt(longDay(t, line.due_at))} />
      )}
      {line.trouble !== null && (
        <Note tone="amber" icon="cloud-upload" title={faultText(t, line.trouble)}>
          <span class="small">{t.archive.waits(line.attempts, dayAndTime(t, line.next_try_at ?? line.ended_at))}</span>
        </Note>
      )}
    </header>
  );
}
