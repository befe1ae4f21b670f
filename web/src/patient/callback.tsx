/** Leave and be called back: by mail to the address on file or to another one, to be switched off again. */

import { useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { EmailField, Refusal } from "../ui/field";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";
import { isEmail, plainEmail } from "./fields";

interface CallBackProps {
  state: SeatState;
  line: Line;
}

export function CallBackCard({ state, line, onOpen }: CallBackProps & { onOpen(): void }) {
  const t = useTexts();
  const words = t.waiting.callback;
  const { off, refused } = useOff(state, line);
  if (!state.callback) {
    return (
      <section class="card card-row" data-callback="off">
        <Icon name="mail" tone="teal" />
        <div class="grow stack gap-m">
          <p>
            <strong>{words.title}</strong> <span class="second">{words.body}</span>
          </p>
          <button type="button" class="btn btn-wide" data-open="callback" onClick={onOpen}>
            {words.button}
          </button>
        </div>
      </section>
    );
  }
  return (
    <section class="note note-teal" data-callback="on">
      <Icon name="mail-check" />
      <div class="grow">
        <strong>{words.onTitle}</strong>
        <p>{onBody()}</p>
        <button type="button" class="btn note-btn" data-callback-off="" onClick={off}>
          {words.off}
        </button>
        <Refusal words={refused} />
      </div>
    </section>
  );

  function onBody(): string {
    return state.contact === null ? words.onBodyPlain : words.onBody(state.contact);
  }
}

export function useOff(state: SeatState, line: Line) {
  const t = useTexts();
  const [refused, setRefused] = useState<string | null>(null);
  const off = async () => {
    const reply = await line.send("callback_set", { seat: state.seat, wanted: false });
    setRefused(reply.ok ? null : errorText(t, reply.error.code));
  };
  return { off, refused };
}

export function CallBackSheet({ state, line, onClose }: CallBackProps & { onClose(): void }) {
  const t = useTexts();
  const words = t.waiting.callback;
  const [other, setOther] = useState(state.contact === null);
  const [email, setEmail] = useState("");
  const [asked, setAsked] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const wrong = other && !isEmail(email);
  const submit = async (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (wrong) document.getElementById("email")?.focus();
    if (wrong || busy) return;
    setBusy(true);
    const address = other ? { email: plainEmail(email) } : {};
    const reply = await line.send("callback_set", { seat: state.seat, wanted: true, ...address });
    setBusy(false);
    if (reply.ok) onClose();
    else setRefused(errorText(t, reply.error.code));
  };
  return (
    <Sheet sheet title={words.sheetTitle} onClose={onClose}>
      <form class="stack" onSubmit={submit} noValidate>
        <p class="second">{words.sheetBody}</p>
        {other ? (
          <EmailField
            label={words.email}
            hint={words.emailHint}
            error={asked && wrong ? words.emailWrong : null}
            value={email}
            required
            onWrite={setEmail}
          />
        ) : (
          <p>
            <strong>{words.known(state.contact ?? "")}</strong>
          </p>
        )}
        <Refusal words={refused} />
        <button type="submit" class="btn btn-main btn-large btn-wide" aria-disabled={busy}>
          {other ? words.confirm : words.useKnown}
        </button>
        {!other && (
          <button type="button" class="btn btn-wide" onClick={() => setOther(true)}>
            {words.other}
          </button>
        )}
        <button type="button" class="btn btn-quiet btn-wide" onClick={onClose}>
          {t.close}
        </button>
      </form>
    </Sheet>
  );
}
