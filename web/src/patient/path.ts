/** Where in the patient's pages one is: the path, and the choices made so far in the query. */

import { useEffect, useState } from "preact/hooks";

const CHANGED = "consilium:path";

export function navigate(to: string): void {
  history.pushState(null, "", to);
  scrollTo(0, 0);
  dispatchEvent(new Event(CHANGED));
}

function useAddress<T>(read: () => T): T {
  const [value, setValue] = useState(read);
  useEffect(() => {
    const changed = () => setValue(read);
    addEventListener("popstate", changed);
    addEventListener(CHANGED, changed);
    return () => {
      removeEventListener("popstate", changed);
      removeEventListener(CHANGED, changed);
    };
  }, []);
  return value;
}

export const usePath = (): string => useAddress(() => location.pathname);

/** `?hospital=…&department=…`, so that a hospital's own site may link straight to one of its departments. */
export const useQuery = (): string => useAddress(() => location.search);
