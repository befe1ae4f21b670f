/** Keys that move focus: arrows in a list, F6 from pane to pane. */

import { useEffect } from "preact/hooks";
import { walked } from "./lists";

/** To be put on a list whose rows bear `data-row`: one row is in the Tab order, the arrows go to the others. */
export function walkRows(event: KeyboardEvent): void {
  const list = event.currentTarget;
  if (!(list instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return;
  const rows = [...list.querySelectorAll<HTMLElement>("[data-row]")];
  const index = rows.indexOf(document.activeElement as HTMLElement);
  if (index < 0) return;
  const next = walked(event.key, index, rows.length);
  if (next === null) return;
  event.preventDefault();
  rows[next]?.focus();
}

/** F6 and Shift F6 go round the panes that bear `data-pane`. */
export function usePaneKeys(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "F6" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (document.querySelector("dialog[open]") !== null) return;
      event.preventDefault();
      const panes = [...document.querySelectorAll<HTMLElement>("[data-pane]")].filter(
        (each) => each.offsetParent !== null,
      );
      const here = panes.findIndex((each) => each.contains(document.activeElement));
      const step = event.shiftKey ? -1 : 1;
      const next = here < 0 ? 0 : (here + step + panes.length) % panes.length;
      enter(panes[next]);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

/** Into a pane: to what was last in use there, else to what comes first. */
function enter(pane: HTMLElement | undefined): void {
  const able = "button, a[href], input, textarea, select, [tabindex='0']";
  const first = [...(pane?.querySelectorAll<HTMLElement>(able) ?? [])].find(
    (each) => each.tabIndex >= 0 && each.offsetParent !== null && !each.hasAttribute("disabled"),
  );
  (first ?? pane)?.focus();
}
