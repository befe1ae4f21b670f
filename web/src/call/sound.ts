/** Media elements that the browser refused to play until somebody touches the page. */

import { createStore } from "../ui/store";

export const blocked = createStore<ReadonlySet<HTMLMediaElement>>(new Set());

export async function play(element: HTMLMediaElement): Promise<void> {
  try {
    await element.play();
    change(element, false);
  } catch (error) {
    // AbortError: a newer stream took its place, which plays by itself
    if (error instanceof DOMException && error.name === "NotAllowedError") change(element, true);
  }
}

export const forget = (element: HTMLMediaElement): void => change(element, false);

/** To be called from a touch. */
export function hear(): void {
  for (const element of blocked.get()) void play(element);
}

function change(element: HTMLMediaElement, isBlocked: boolean): void {
  const before = blocked.get();
  if (before.has(element) === isBlocked) return;
  const next = new Set(before);
  if (isBlocked) next.add(element);
  else next.delete(element);
  blocked.set(next);
}
