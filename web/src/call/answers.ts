/** What a browser adds to the relay's answer before it obeys it. Pure. */

/** The voice is wanted in packets of that length (RFC 8866, 6.4): Chromium and Firefox follow at once. */
export const paced = (answer: string, ptimeMs: number): string => answer.replace(/a=ptime:\d+/g, `a=ptime:${ptimeMs}`);

/** Layers that are off stay so (RFC 8853, 5.1): Chromium would begin every one that an answer takes, and the whole picture would make
 * room for them until they are switched off again. */
export function pausing(answer: string, off: readonly string[]): string {
  const paused = (rids: string) =>
    rids
      .split(";")
      .map((rid) => (off.includes(rid) ? `~${rid}` : rid))
      .join(";");
  return answer.replace(/a=simulcast:recv (\S+)/g, (_, rids: string) => `a=simulcast:recv ${paused(rids)}`);
}

/** A connection that goes on keeps the rate it has found: with every answer that names one Chromium begins at that rate again. */
export const goingOn = (answer: string): string =>
  answer.replace(/;?x-google-start-bitrate=\d+/g, "").replace(/a=fmtp:\d+ *\r\n/g, "");
