import { useRef, useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import { plainDigits } from "../patient/fields";
import { request } from "../signal/http";
import type { SignInStep, StaffSession } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Room } from "../ui/room";
import { Heading, LanguageButton, Note } from "../ui/screen";
import { CodeStep } from "./code-step";

interface SignInProps {
  signedOut: boolean;
  onSession(session: StaffSession): void;
}

type Fault = { field: "number" | "password"; words: string } | { field: null; words: string } | null;

export function SignInPage({ signedOut, onSession }: SignInProps) {
  const t = useTexts();
  const [number, setNumber] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [step, setStep] = useState<SignInStep | null>(null);
  const [fault, setFault] = useState<Fault>(null);
  const form = useRef<HTMLFormElement>(null);
  const fail = (next: NonNullable<Fault>) => {
    setFault(next);
    const name = next.field === "number" ? "staff_number" : "password";
    form.current?.querySelector<HTMLInputElement>(`[name=${name}]`)?.focus();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (!/^\d{3,12}$/.test(number.trim())) return fail({ field: "number", words: t.signIn.numberWrong });
    if (password === "") return fail({ field: "password", words: t.signIn.passwordMissing });
    setBusy(true);
    setFault(null);
    const body = { staff_number: number.trim(), password };
    const reply = await request<SignInStep>("POST", "/api/staff/session", body);
    setBusy(false);
    if (reply.ok) return setStep(reply.body);
    setPassword("");
    fail({ field: null, words: errorText(t, reply.error.code) });
  };
  const back = (code: string | null) => {
    setStep(null);
    setPassword("");
    setFault(code === null ? null : { field: null, words: errorText(t, code) });
  };
  if (step !== null) {
    const credentials = { staff_number: number.trim(), password };
    return (
      <main class="signin" data-screen="sign-in">
        <CodeStep step={step} credentials={credentials} onSession={onSession} onBack={back} />
        <aside>
          <Room label={t.signIn.room} sitters={[]} headroom={210} fill />
        </aside>
      </main>
    );
  }
  return (
    <main class="signin" data-screen="sign-in">
      <form ref={form} onSubmit={submit} noValidate>
        <span class="brand row">
          <Icon name="mark" />
          <strong>{t.product}</strong>
        </span>
        <Heading page={t.signIn.title}>{t.signIn.heading}</Heading>
        {signedOut && fault === null && <Note tone="amber" icon="log-out" title={t.signIn.signedOut} live />}
        <div class="field">
          <label for="staff_number">{t.signIn.number}</label>
          <input
            class="input num"
            id="staff_number"
            name="staff_number"
            autocomplete="username"
            inputMode="numeric"
            maxLength={12}
            value={number}
            aria-invalid={fault !== null && fault.field !== "password"}
            aria-describedby="sign-in-fault"
            onInput={(event) => setNumber(plainDigits(event.currentTarget.value))}
          />
        </div>
        <div class="field">
          <label for="password">{t.signIn.password}</label>
          <input
            class="input"
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            maxLength={256}
            value={password}
            aria-invalid={fault !== null && fault.field !== "number"}
            aria-describedby="sign-in-fault"
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </div>
        <div id="sign-in-fault" role="alert">
          {fault !== null && (
            <p class="error">
              <Icon name="triangle-alert" />
              <span>{fault.words}</span>
            </p>
          )}
        </div>
        <button type="submit" class="btn btn-main btn-wide" aria-disabled={busy}>
          {busy ? t.signIn.submitting : t.signIn.submit}
        </button>
        <p class="row small signin-more">
          <span class="grow">
            <span class="second">{t.signIn.patients}</span> <a href="/">{t.signIn.patientsGo}</a>
          </span>
          <LanguageButton plain />
        </p>
      </form>
      <aside>
        <Room label={t.signIn.room} sitters={[]} headroom={210} fill />
      </aside>
    </main>
  );
}
