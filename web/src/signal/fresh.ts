/** Which states are news, and what time it is at the hospital. */

/** A state of the same subject is news only with a higher revision: states may overtake each other on their way. */
export function isNews<T extends { revision: number }>(
  before: T | null,
  next: T,
  subject: (state: T) => string | null,
): boolean {
  return before === null || subject(before) !== subject(next) || next.revision > before.revision;
}

let skewMs = 0;

/** Notes the hospital's clock, so that waits and offers count right on a device whose clock is wrong. */
export function noteServerTime(seconds: number, deviceMs = Date.now()): void {
  skewMs = seconds * 1000 - deviceMs;
}

/** Seconds since 1970 UTC by the hospital's clock. */
export const serverNow = (deviceMs = Date.now()): number => (deviceMs + skewMs) / 1000;
