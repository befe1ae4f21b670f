/** Development only: every screen with canned states, for looking at. Not part of the build. `npm run preview` */

import { resolve } from "node:path";
import { defineConfig } from "vite";
import { spritePlugin } from "../sprite.ts";

export default defineConfig({
  root: import.meta.dirname,
  publicDir: resolve(import.meta.dirname, "../public"),
  plugins: [spritePlugin()],
  server: { port: 5199, strictPort: true, fs: { allow: [".."] } },
  cacheDir: resolve(import.meta.dirname, "../node_modules/.vite-preview"),
});
