/** The second step of signing in: the code, and before the first one what an authenticator app reads. */

import { useEffect, useRef, useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import { plainDigits } from "../patient/fields";
import { request } from "../signal/http";
import type { SignIn, SignInStep, StaffSession } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Qr } from "../ui/qr";
import { Heading } from "../ui/screen";

interface CodeStepProps {
  step: SignInStep;
  credentials: Omit<SignIn, "code">;
  onSession(session: StaffSession): void;
  /** Back to number and password; `code` says why, where it was not the person's wish. */
  onBack(code: string | null): void;
}

export function CodeStep({ step, credentials, onSession, onBack }: CodeStepProps) {
  const t = useTexts();
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const fail = (words: string) => {
    setFault(words);
    field.current?.focus();
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (!/^\d{6}$/.test(code)) return fail(t.secondFactor.codeWrong);
    setBusy(true);
    setFault(null);
    const reply = await request<StaffSession>("POST", "/api/staff/session", { ...credentials, code });
    setBusy(false);
    if (reply.ok) return onSession(reply.body);
    if (reply.error.code === "sign_in_failed") return onBack(reply.error.code);
    setCode("");
    fail(errorText(t, reply.error.code));
  };
  return (
    <form onSubmit={submit} noValidate data-step={step.next}>
      <span class="brand row">
        <Icon name="mark" />
        <strong>{t.product}</strong>
      </span>
      <Heading page={t.signIn.title}>{step.next === "enrol" ? t.secondFactor.enrolHeading : t.signIn.heading}</Heading>
      {step.uri !== null && step.secret !== null && <Enrolment uri={step.uri} secret={step.secret} />}
      <div class="field">
        <label for="code">{t.secondFactor.code}</label>
        <input
          ref={field}
          class="input num"
          id="code"
          name="code"
          autocomplete="one-time-code"
          inputMode="numeric"
          maxLength={6}
          value={code}
          aria-invalid={fault !== null}
          aria-describedby="code-hint code-fault"
          onInput={(event) => setCode(plainDigits(event.currentTarget.value))}
        />
        <p class="small second" id="code-hint">
          {t.secondFactor.codeHint}
        </p>
      </div>
      <div id="code-fault" role="alert">
        {fault !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{fault}</span>
          </p>
        )}
      </div>
      <button type="submit" class="btn btn-main btn-wide" aria-disabled={busy}>
        {busy ? t.signIn.submitting : step.next === "enrol" ? t.secondFactor.confirm : t.signIn.submit}
      </button>
      <button type="button" class="btn btn-wide" onClick={() => onBack(null)}>
        {t.secondFactor.back}
      </button>
    </form>
  );
}

/** The secret in the three ways to get it into an app: a camera, a link, the keyboard. */
function Enrolment({ uri, secret }: { uri: string; secret: string }) {
  const t = useTexts();
  return (
    <>
      <p>{t.secondFactor.enrolBody}</p>
      <Qr text={uri} label={t.secondFactor.picture} />
      <p>
        <a href={uri}>{t.secondFactor.open}</a>
      </p>
      <div class="field">
        <label for="secret">{t.secondFactor.secret}</label>
        <input class="input num" id="secret" readOnly value={secret.replace(/(.{4})(?=.)/g, "$1 ")} />
      </div>
    </>
  );
}
