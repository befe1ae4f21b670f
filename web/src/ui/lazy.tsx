/** A part of the page that is fetched when it is needed, and again after a pause when that failed. */

import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";

const AGAIN_MS = 2_000;

interface Lazy<P> {
  (props: P): preact.JSX.Element | null;
  /** Fetches it before it is needed. */
  preload(): void;
}

/** @param Meanwhile stands there until it has come; `slow` after the first failure */
export function lazily<P extends object>(
  load: () => Promise<ComponentType<P>>,
  Meanwhile: ComponentType<{ slow: boolean }>,
): Lazy<P> {
  let fetched: ComponentType<P> | null = null;
  const fetchIt = async () => {
    fetched ??= await load();
    return fetched;
  };
  function Part(props: P) {
    const [Loaded, setLoaded] = useState<ComponentType<P> | null>(() => fetched);
    const [tries, setTries] = useState(0);
    useEffect(() => {
      if (Loaded !== null) return;
      let timer: ReturnType<typeof setTimeout> | undefined;
      let over = false;
      fetchIt().then(
        (component) => {
          if (!over) setLoaded(() => component);
        },
        () => {
          if (!over) timer = setTimeout(() => setTries(tries + 1), AGAIN_MS);
        },
      );
      return () => {
        over = true;
        clearTimeout(timer);
      };
    }, [tries, Loaded]);
    return Loaded === null ? <Meanwhile slow={tries > 0} /> : <Loaded {...props} />;
  }
  return Object.assign(Part, { preload: () => void fetchIt().catch(() => undefined) });
}
