/** What somebody says about being recorded, on its way to the server; what was refused is told in words. */

import { useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { ConsentAnswer, ConsentAsk, ConsentPurpose } from "../signal/messages";

export interface Consent {
  busy: boolean;
  /** Why the last act did not get through; it changed nothing. */
  refused: string | null;
  ask(own: ConsentAsk["own"], teaching: boolean): Promise<boolean>;
  answer(answer: ConsentAnswer["answer"], teaching: boolean): Promise<boolean>;
  withdraw(purpose: ConsentPurpose): Promise<boolean>;
  stop(): Promise<boolean>;
}

export function useConsent(line: Line, seat: string): Consent {
  const t = useTexts();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const sent = async (reply: ReturnType<Line["send"]>) => {
    setBusy(true);
    setRefused(null);
    const { ok, ...rest } = await reply;
    setBusy(false);
    if (!ok && "error" in rest) setRefused(t.recording.failed(errorText(t, rest.error.code)));
    return ok;
  };
  return {
    busy,
    refused,
    ask: (own, teaching) => sent(line.send("consent_ask", { seat, own, teaching })),
    answer: (answer, teaching) => sent(line.send("consent_answer", { seat, answer, teaching })),
    withdraw: (purpose) => sent(line.send("consent_withdraw", { seat, purpose })),
    stop: () => sent(line.send("recording_stop", { seat })),
  };
}
