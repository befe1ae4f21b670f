/** Tells when this device is on another network than before. Never says whether the hospital can be reached. */

/** What Chromium on phones adds to `navigator`; other browsers have only `online` and `offline`. */
interface NetworkInformation extends EventTarget {
  type?: string;
}

/** Calls back when the device comes on line, or goes from one kind of network to another. */
export function onNetworkChange(changed: () => void): () => void {
  if (typeof window === "undefined") return () => undefined;
  const { connection } = navigator as Navigator & { connection?: NetworkInformation };
  let kind = connection?.type;
  const kindChanged = () => {
    const now = connection?.type;
    if (now === kind) return; // it also fires for every new estimate of the rate
    kind = now;
    if (now !== "none") changed();
  };
  window.addEventListener("online", changed);
  connection?.addEventListener?.("change", kindChanged);
  return () => {
    window.removeEventListener("online", changed);
    connection?.removeEventListener?.("change", kindChanged);
  };
}
