/** Pictures on their way to the timeline, as a pure machine: one after the other, each in pieces, resumed where it stopped. */

import type { TimelineCommand } from "./reducer";

export const MOST_OCTETS = 20 * 1024 * 1024;
export const MOST_UPLOADS = 20;
const KINDS: ReadonlySet<string> = new Set(["image/jpeg", "image/png", "image/webp"]);
/** The server takes no larger piece. */
const LARGEST_PIECE = 512 * 1024;
/** Small at first: on a bad link the bar must move, and little is lost with a lost piece. */
const FIRST_PIECE = 64 * 1024;
const SMALLEST_PIECE = 16 * 1024;

export interface Upload {
  key: string;
  octets: number;
  mediaType: string;
  /** `done`: all is there, the entry is on its way. */
  status: "queued" | "sending" | "failed" | "done";
  /** Octets that the server has; null while that must be asked for. */
  offset: number | null;
  /** Octets known to be there, for the bar. */
  sent: number;
  piece: number;
  out: boolean;
  outSince: number;
  failures: number;
  retryAt: number;
  code: string | null;
}

export type PictureEvent =
  | { type: "picture_chosen"; key: string; octets: number; mediaType: string }
  | { type: "picture_moved"; key: string; offset: number; entry: number | null }
  /** `final`: the picture itself was refused; else the network or the moment. */
  | { type: "picture_failed"; key: string; code: string; final: boolean };

export type PictureCommand =
  | { type: "picture_start"; key: string; octets: number; mediaType: string }
  | { type: "picture_piece"; key: string; from: number; to: number };

/** Why a file cannot be sent, as a key of the texts; null when it can. */
export function refusal(file: { size: number; type: string }): "kind" | "size" | "empty" | null {
  if (file.size === 0) return "empty";
  if (!KINDS.has(file.type)) return "kind";
  return file.size > MOST_OCTETS ? "size" : null;
}

/** The picture whose turn it is. */
export const nextPicture = (uploads: readonly Upload[]): Upload | null =>
  uploads.find((each) => each.status === "queued" || each.status === "sending") ?? null;

type Taken = PictureEvent | { type: "line_up" } | { type: "again"; key: string } | { type: "dropped"; key: string };

export function takePicture(uploads: readonly Upload[], event: Taken, now: number): readonly Upload[] {
  switch (event.type) {
    case "picture_chosen":
      return uploads.length >= MOST_UPLOADS ? uploads : [...uploads, fresh(event.key, event.octets, event.mediaType)];
    case "picture_moved":
      return change(uploads, event.key, (each) => moved(each, event.offset, event.entry, now));
    case "picture_failed":
      return change(uploads, event.key, (each) => failed(each, event.code, event.final, now));
    case "line_up": // the network is back: no use in waiting longer
      return uploads.map((each) => (each.out ? each : { ...each, retryAt: now }));
    case "again":
      return change(uploads, event.key, (each) => ({
        ...fresh(each.key, each.octets, each.mediaType),
        sent: each.sent,
      }));
    case "dropped":
      return uploads.filter((each) => each.key !== event.key);
    default:
      return event satisfies never;
  }
}

export function settlePictures(
  uploads: readonly Upload[],
  commands: TimelineCommand[],
  now: number,
): readonly Upload[] {
  const next = nextPicture(uploads);
  if (next === null || next.out || now < next.retryAt) return uploads;
  if (next.offset === null)
    commands.push({ type: "picture_start", key: next.key, octets: next.octets, mediaType: next.mediaType });
  else
    commands.push({
      type: "picture_piece",
      key: next.key,
      from: next.offset,
      to: Math.min(next.offset + next.piece, next.octets),
    });
  return change(uploads, next.key, (each) => ({ ...each, status: "sending", out: true, outSince: now }));
}

const fresh = (key: string, octets: number, mediaType: string): Upload => ({
  key,
  octets,
  mediaType,
  status: "queued",
  offset: null,
  sent: 0,
  piece: FIRST_PIECE,
  out: false,
  outSince: 0,
  failures: 0,
  retryAt: 0,
  code: null,
});

function moved(upload: Upload, offset: number, entry: number | null, now: number): Upload {
  const first = upload.offset === null;
  return {
    ...upload,
    status: entry === null ? "sending" : "done",
    offset,
    sent: offset,
    out: false,
    failures: 0,
    piece: first ? upload.piece : pieceAfter(upload.piece, now - upload.outSince),
  };
}

/** Aims at about a second a piece. */
function pieceAfter(piece: number, tookMs: number): number {
  if (tookMs < 600) return Math.min(piece * 2, LARGEST_PIECE);
  return tookMs > 2_500 ? Math.max(Math.floor(piece / 2), SMALLEST_PIECE) : piece;
}

function failed(upload: Upload, code: string, final: boolean, now: number): Upload {
  if (final) return { ...upload, status: "failed", out: false, code };
  const failures = upload.failures + 1;
  return {
    ...upload,
    out: false,
    offset: null, // ask how far it has come: a piece may have arrived without its answer
    failures,
    retryAt: code === "offset" && failures === 1 ? now : now + Math.min(500 * 2 ** (failures - 1), 8_000),
    piece: Math.max(Math.floor(upload.piece / 2), SMALLEST_PIECE),
  };
}

function change(uploads: readonly Upload[], key: string, to: (each: Upload) => Upload): readonly Upload[] {
  return uploads.map((each) => (each.key === key ? to(each) : each));
}
