/** Keys of the whole desk. A letter is a key only while nobody writes and no sheet is in front. */

import { useEffect, useRef } from "preact/hooks";
import { isWriting } from "../call/use-call";

/** By letter (`d`), sign (`?`) or `Control+` and a name (`Control+k`); those with Control work while one writes. */
export type DeskKeys = Record<string, (() => void) | undefined>;

/** What a key press is called in DeskKeys; null where it must be left alone. */
export function nameOf(
  event: Pick<KeyboardEvent, "key" | "altKey" | "ctrlKey" | "metaKey" | "shiftKey">,
  writing: boolean,
): string | null {
  if (event.altKey) return null;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) return event.shiftKey ? null : `Control+${name}`;
  return writing ? null : name;
}

export function useDeskKeys(keys: DeskKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.repeat || event.isComposing || event.defaultPrevented) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const name = nameOf(event, isWriting(event.target));
      const act = name === null ? undefined : latest.current[name];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
