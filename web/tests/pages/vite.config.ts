import { resolve } from "node:path";
import { defineConfig } from "vite";

/** One classic script; the output folder is given on the command line. */
export default defineConfig({
  build: {
    lib: {
      entry: resolve(import.meta.dirname, "probe.ts"),
      formats: ["iife"],
      name: "page",
      fileName: () => "probe.js",
    },
    minify: false,
  },
});
