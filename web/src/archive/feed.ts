/**
 * Feeds one media element from the archive by Media Source Extensions: segments around the position come in, old ones go.
 * It decides when to fetch; what is needed is tracks.ts's. Each segment is a whole file whose times are the recording's.
 */

import type { PlaySegment } from "../signal/messages";
import { segmentAt, stale, type Track, wanted } from "./tracks";

const TYPES: Record<PlaySegment["codec"], string> = {
  opus: 'audio/webm; codecs="opus"',
  vp8: 'video/webm; codecs="vp8"',
  h264: 'video/mp4; codecs="avc1.42E01F"',
};
const AGAIN_MS = 2_000;
const FETCH_MS = 30_000;

export class Feed {
  private readonly source = new MediaSource();
  private readonly url = URL.createObjectURL(this.source);
  private readonly have = new Set<number>();
  /** Of those, what will never come: the rest plays without it. */
  private readonly lost = new Set<number>();
  private buffer: SourceBuffer | null = null;
  private type = "";
  private busy = false;
  private closed = false;
  private restUntil = 0;
  private stop: AbortController | null = null;

  constructor(
    readonly track: Track,
    readonly element: HTMLMediaElement,
    private readonly play: string,
    private readonly endMs: number,
    /** A code, when what is needed cannot be had. */
    private readonly failed: (code: string) => void,
  ) {
    element.src = this.url;
    this.source.addEventListener("sourceopen", () => this.opened(), { once: true });
  }

  /** Whether the element can play on from here: nothing is needed, or what is needed is there. Of what is there, a hole is
   *  nothing to wait for: it is never filled. */
  ready(at: number): boolean {
    const segment = segmentAt(this.track, at);
    return segment === null || this.lost.has(segment.number) || this.have.has(segment.number);
  }

  /** The segment to be shown and heard at this moment, if it is there. */
  shown(at: number): PlaySegment | null {
    const segment = segmentAt(this.track, at);
    return segment !== null && at >= segment.start_ms && this.covers(at) ? segment : null;
  }

  /** Fetches and forgets, one thing at a time. Called often. */
  async look(at: number): Promise<void> {
    if (this.busy || this.closed || this.buffer === null || Date.now() < this.restUntil) return;
    this.busy = true;
    try {
      for (const each of stale(this.track, at, this.have)) if (!this.lost.has(each.number)) await this.remove(each);
      const next = wanted(this.track, at, this.have);
      if (next !== null) await this.append(next);
    } catch {
      if (this.closed) return;
      if (this.element.error !== null) this.giveUp();
      this.restUntil = Date.now() + AGAIN_MS;
    } finally {
      this.busy = false;
    }
  }

  close(): void {
    this.closed = true;
    this.stop?.abort();
    this.element.removeAttribute("src");
    this.element.load();
    URL.revokeObjectURL(this.url);
  }

  private opened(): void {
    if (this.closed) return;
    for (const each of this.track.segments) {
      if (MediaSource.isTypeSupported(TYPES[each.codec])) continue;
      this.leaveOut(each);
      this.failed("codec_unsupported");
    }
    const first = this.track.segments.find((each) => !this.lost.has(each.number));
    if (first === undefined) return;
    this.type = TYPES[first.codec];
    this.source.duration = this.endMs / 1000;
    this.buffer = this.source.addSourceBuffer(this.type);
  }

  private covers(at: number): boolean {
    const ranges = this.buffer?.buffered;
    for (let i = 0; ranges !== undefined && i < ranges.length; i++)
      if (ranges.start(i) * 1000 <= at + 60 && at < ranges.end(i) * 1000) return true;
    return false;
  }

  private async append(segment: PlaySegment): Promise<void> {
    const stop = new AbortController();
    this.stop = stop;
    const late = setTimeout(() => stop.abort(), FETCH_MS);
    const data = await this.fetched(segment, stop.signal).finally(() => clearTimeout(late));
    if (data === null) return;
    const type = TYPES[segment.codec];
    if (type !== this.type) this.buffer?.changeType(type);
    this.type = type;
    await this.done(() => this.buffer?.appendBuffer(data));
    this.have.add(segment.number);
  }

  private async fetched(segment: PlaySegment, signal: AbortSignal): Promise<ArrayBuffer | null> {
    const path = `/api/archive/plays/${this.play}/segments/${segment.number}`;
    const response = await fetch(path, { credentials: "same-origin", cache: "no-store", signal });
    if (response.ok) return response.arrayBuffer();
    await this.refused(segment, response);
    return null;
  }

  /** What will never come is left out, so that the rest plays; what may come is asked for again. */
  private async refused(segment: PlaySegment, response: Response): Promise<void> {
    const body: unknown = await response.json().catch(() => null);
    const code = typeof body === "object" && body !== null && "code" in body ? String(body.code) : "fault";
    this.failed(code);
    if (code === "segment_damaged" || code === "person_erased") this.leaveOut(segment);
    else this.restUntil = Date.now() + AGAIN_MS;
  }

  private leaveOut(segment: PlaySegment): void {
    this.have.add(segment.number);
    this.lost.add(segment.number);
  }

  /** The browser could not decode what it was given, and takes nothing more of this track: the others go on without it. */
  private giveUp(): void {
    for (const each of this.track.segments) this.leaveOut(each);
    this.buffer = null;
    this.failed("not_decoded");
  }

  private async remove(segment: PlaySegment): Promise<void> {
    await this.done(() => this.buffer?.remove(segment.start_ms / 1000, segment.end_ms / 1000));
    this.have.delete(segment.number);
  }

  private done(act: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const buffer = this.buffer;
      if (buffer === null) return reject(new Error("closed"));
      const over = (event: Event) => {
        buffer.removeEventListener("updateend", over);
        buffer.removeEventListener("error", over);
        if (event.type === "error") reject(new Error("refused"));
        else resolve();
      };
      buffer.addEventListener("updateend", over);
      buffer.addEventListener("error", over);
      act();
    });
  }
}
