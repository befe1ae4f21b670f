import { defineConfig } from "vitest/config";

/** What hangs is ended after this; no promise is measured by it: hundreds of played calls take their time on a busy machine. */
const HANGS_MS = 60_000;

export default defineConfig({ test: { include: ["tests/**/*.test.ts"], environment: "node", testTimeout: HANGS_MS } });
