/** Puts the icons in use into each page as one sprite of symbols, so that an icon costs no request and no policy. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vite";
import { LUCIDE, OURS } from "./src/ui/icon-names.ts";

const HERE = dirname(fileURLToPath(import.meta.url));
const MARK = "<!-- icons -->";

/** The drawing inside an icon's file as a `<symbol>`. */
export function symbol(name: string, svg: string): string {
  const inner = svg.replace(/<!--.*?-->/gs, "").match(/<svg[^>]*>(.*)<\/svg>/s)?.[1];
  if (inner === undefined) throw new Error(`icon ${name} is not an SVG`);
  return `<symbol id="${name}" viewBox="0 0 24 24">${inner.replace(/\s*\n\s*/g, "").trim()}</symbol>`;
}

export function sprite(): string {
  const lucide = LUCIDE.map((name) => symbol(name, readFileSync(lucidePath(name), "utf8")));
  const ours = OURS.map((name) => symbol(name, readFileSync(join(HERE, "icons", `${name}.svg`), "utf8")));
  return `<svg hidden aria-hidden="true">${[...lucide, ...ours].join("")}</svg>`;
}

const lucidePath = (name: string) => join(HERE, "node_modules", "lucide-static", "icons", `${name}.svg`);

export function spritePlugin(): Plugin {
  return {
    name: "consilium-sprite",
    transformIndexHtml(html) {
      if (!html.includes(MARK)) throw new Error(`a page lacks ${MARK}`);
      return html.replace(MARK, sprite());
    },
  };
}
