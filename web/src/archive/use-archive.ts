/** What the list shows: the search, its pages, and what changed since. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { noteServerTime } from "../signal/fresh";
import { request } from "../signal/http";
import type { ArchiveLine, ArchivePage, ArchiveSearch } from "../signal/messages";

export interface ArchiveList {
  page: ArchivePage | null;
  /** A code, when the last search failed. */
  fault: string | null;
  busy: boolean;
  search(what: ArchiveSearch): void;
  more(): void;
  /** One line as it is now. */
  replace(line: ArchiveLine): void;
}

const AGAIN_MS = 15_000;

export function useArchive(onSignedOut: () => void): ArchiveList {
  const [page, setPage] = useState<ArchivePage | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(true);
  const [what, setWhat] = useState<ArchiveSearch>({});
  const round = useRef(0);
  const ask = useCallback(
    async (search: ArchiveSearch, before: ArchivePage | null) => {
      const mine = ++round.current;
      setBusy(true);
      const reply = await request<ArchivePage>("POST", "/api/archive/search", search);
      if (mine !== round.current) return;
      setBusy(false);
      if (!reply.ok) return reply.error.code === "not_signed_in" ? onSignedOut() : setFault(reply.error.code);
      setFault(null);
      noteServerTime(reply.body.server_time);
      const earlier = before?.recordings ?? [];
      setPage({ ...reply.body, recordings: [...earlier, ...reply.body.recordings] });
    },
    [onSignedOut],
  );
  useEffect(() => {
    void ask(what, null);
  }, [ask, what]);
  const named = what.name !== undefined && what.name !== null;
  useEffect(() => {
    if (named || (page?.recordings.length ?? 0) > 50) return; // a search by name is in the log: not again by itself
    const timer = setInterval(() => void ask(what, null), AGAIN_MS);
    return () => clearInterval(timer);
  }, [ask, what, named, page]);
  return {
    page,
    fault,
    busy,
    search: setWhat,
    more: () => {
      if (page?.next != null && !busy) void ask({ ...what, after: page.next }, page);
    },
    replace: (line) =>
      setPage(
        (now) =>
          now && {
            ...now,
            recordings: now.recordings.map((each) => (each.recording === line.recording ? line : each)),
          },
      ),
  };
}
