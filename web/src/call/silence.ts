/** Notices a dead path sooner than ICE, which takes five seconds and more: packets go out and nothing comes back.
 *
 * The relay sends a receiver report each second to whoever sends, so silence means the path, not a quiet room. */

/** Two reports lost in a row, and half a second. */
export const SILENT_MS = 2_500;

export class Silence {
  private received = -1;
  private heardAt = 0;
  private sentThen = 0;

  /** @returns since when nothing came, in ms, once that is long enough to mean something; null else */
  sample(received: number, sent: number, now: number): number | null {
    if (received !== this.received) {
      this.received = received;
      this.heardAt = now;
      this.sentThen = sent;
      return null;
    }
    if (sent <= this.sentThen) {
      this.heardAt = now; // nothing was sent either, so nothing need come
      return null;
    }
    return now - this.heardAt >= SILENT_MS ? this.heardAt : null;
  }
}
