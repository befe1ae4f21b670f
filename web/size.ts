/** How much JavaScript the patient's page loads before anything is shown: measured at each build, which fails above the limit. */

import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Of an old phone on a 400 kbit/s line these are 1.2 s. */
export const LIMIT_BYTES = 60_000;

export interface Chunk {
  code: string;
  /** Other chunks that it needs at once. */
  imports: readonly string[];
}

/** A chunk's own size and that of all it needs at once, each counted once, as gzip sends them. */
export function initialSize(entry: string, chunks: ReadonlyMap<string, Chunk>): number {
  const seen = new Set<string>();
  const waiting = [entry];
  let bytes = 0;
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const chunk = chunks.get(name);
    if (chunk === undefined || seen.has(name)) continue;
    seen.add(name);
    bytes += gzipSync(chunk.code, { level: 9 }).byteLength;
    waiting.push(...chunk.imports);
  }
  if (seen.size === 0) throw new Error(`there is no chunk ${entry}: this check would pass on nothing`);
  return bytes;
}

export const verdict = (bytes: number): string =>
  `the patient's page loads ${(bytes / 1000).toFixed(1)} kB of JavaScript first (gzip; limit ${LIMIT_BYTES / 1000} kB)`;

/** @param page name of the page's entry in the build */
export function sizePlugin(page: string): Plugin {
  return {
    name: "consilium-size",
    generateBundle(_options, bundle) {
      const chunks = new Map<string, Chunk>();
      let entry = "";
      for (const [name, output] of Object.entries(bundle)) {
        if (output.type !== "chunk") continue;
        chunks.set(name, output);
        if (output.isEntry && output.name === page) entry = name;
      }
      const bytes = initialSize(entry, chunks);
      if (bytes > LIMIT_BYTES) this.error(verdict(bytes));
      console.log(verdict(bytes));
    },
  };
}
