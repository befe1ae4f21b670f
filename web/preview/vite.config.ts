/** Development only: every screen with canned states, for looking at. Not part of the build. `npm run preview` */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { defineConfig, type Plugin } from "vite";
import { spritePlugin } from "../sprite.ts";

/** Stands in for the server: every picture of a timeline is the same drawing. */
function picturesPlugin(): Plugin {
  return {
    name: "preview-pictures",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (!/^\/api\/seats\/[^/]+\/pictures\//.test(request.url ?? "")) return next();
        response.setHeader("Content-Type", "image/svg+xml");
        response.end(readFileSync(resolve(import.meta.dirname, "inhaler.svg")));
      });
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  publicDir: resolve(import.meta.dirname, "../public"),
  plugins: [spritePlugin(), picturesPlugin()],
  server: { port: Number(process.env.PREVIEW_PORT ?? 5199), strictPort: true, fs: { allow: [".."] } },
  cacheDir: resolve(import.meta.dirname, "../node_modules/.vite-preview"),
});
