/** What patients ask of the archive, and the hospital's answer to each. */

import { useEffect, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { request } from "../signal/http";
import type { ArchivePage, ArchiveRequest, ArchiveRequests } from "../signal/messages";
import { Icon } from "../ui/icon";
import { dayAndTime, faultText } from "./words";

export function Requests({ count, onShow }: { count: number; onShow(which: string): void }) {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const [asked, setAsked] = useState<ArchiveRequest[]>([]);
  useEffect(() => {
    if (!open) return;
    void request<ArchiveRequests>("GET", "/api/archive/requests").then((reply) => {
      if (reply.ok) setAsked(reply.body.requests);
    });
  }, [open, count]);
  return (
    <div class="pane-in">
      <details class="archive-asks" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t.archive.asks(count)}</summary>
        <ul class="list">
          {asked.map((each) => (
            <Asked
              key={each.request}
              asked={each}
              onShow={onShow}
              onDecided={() => setAsked(asked.filter((other) => other !== each))}
            />
          ))}
        </ul>
      </details>
    </div>
  );
}

interface AskedProps {
  asked: ArchiveRequest;
  onShow(which: string): void;
  onDecided(): void;
}

function Asked({ asked, onShow, onDecided }: AskedProps) {
  const t = useTexts();
  const [answer, setAnswer] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const id = `answer-${asked.request}`;
  const decide = async (grant: boolean) => {
    const reply = await request("POST", `/api/archive/requests/${asked.request}/decision`, { grant, answer });
    if (reply.ok || reply.error.code === "decided_already") onDecided();
    else setFault(reply.error.code);
  };
  const show = async () => {
    const reply = await request<ArchivePage>("POST", "/api/archive/search", { consultation: asked.consultation });
    const found = reply.ok ? reply.body.recordings[0] : undefined;
    if (found !== undefined) onShow(found.recording);
  };
  return (
    <li class="stack archive-ask" data-request={asked.request}>
      <p>
        <strong>{asked.patient ?? t.archive.unnamed}</strong> <span>{t.archive.askKinds[asked.kind]}</span>{" "}
        <span class="small second num">{dayAndTime(t, asked.at)}</span>
      </p>
      <div class="field">
        <label for={id}>{t.archive.answer}</label>
        <input
          class="input"
          id={id}
          maxLength={500}
          value={answer}
          onInput={(event) => setAnswer(event.currentTarget.value)}
        />
      </div>
      <div class="row archive-tools">
        <button type="button" class="btn" name="grant" onClick={() => decide(true)}>
          {t.archive.grant}
        </button>
        <button type="button" class="btn" name="refuse" onClick={() => decide(false)}>
          {t.archive.refuse}
        </button>
        <button type="button" class="btn btn-quiet" onClick={show}>
          {t.archive.showRecording}
        </button>
      </div>
      <div role="alert">
        {fault !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{faultText(t, fault)}</span>
          </p>
        )}
      </div>
    </li>
  );
}
