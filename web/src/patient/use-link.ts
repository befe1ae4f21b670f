/** A link asked of the server: made once for the sheet that shows it. */

import { useEffect, useState } from "preact/hooks";
import type { Line } from "../signal/line";
import type { LinkCreate, LinkCreated } from "../signal/messages";

export type Making = { link: LinkCreated; address: string } | { code: string } | null;

/** @param role null: none wanted yet */
export function useLink(line: Line, seat: string, role: LinkCreate["role"] | null): { made: Making; again(): void } {
  const [made, setMade] = useState<Making>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    setMade(null);
    if (role === null) return;
    let over = false;
    void line.send("link_create", { seat, role }).then((reply) => {
      if (over) return;
      setMade(reply.ok ? { link: reply.body, address: location.origin + reply.body.path } : { code: reply.error.code });
    });
    return () => {
      over = true;
    };
  }, [role, round]);
  return { made, again: () => setRound(round + 1) };
}
