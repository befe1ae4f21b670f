import { resolve } from "node:path";
import { defineConfig } from "vite";
import { sizePlugin } from "./size.ts";
import { spritePlugin } from "./sprite.ts";

const page = (name: string) => resolve(import.meta.dirname, `${name}.html`);

export default defineConfig({
  base: "/",
  plugins: [spritePlugin(), sizePlugin("index")],
  build: {
    target: ["es2020", "chrome88", "firefox98", "safari15.4"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the policy forbids data: addresses
    rollupOptions: { input: { index: page("index"), desk: page("desk"), archive: page("archive") } },
  },
});
