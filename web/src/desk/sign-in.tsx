/** Signing in: number and password, then a code of one's authenticator, which is set up here the first time. */

import { useRef, useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import { plainDigits } from "../patient/fields";
import { serverNow } from "../signal/fresh";
import { type Refusal, request } from "../signal/http";
import type { SignInStep, StaffSession } from "../signal/messages";
import { Field } from "../ui/field";
import { Icon } from "../ui/icon";
import { Room } from "../ui/room";
import { Heading, LanguageButton, Note } from "../ui/screen";
import { CodeStep, Locked } from "./sign-in-code";

interface SignInProps {
  signedOut: boolean;
  onSession(session: StaffSession): void;
}

/** What stands wrong, and where; `until` while too many attempts have locked the door. */
export type Fault = { field: "number" | "password" | "code" | null; words: string } | { until: number } | null;

const LOCK_S = 300;

export function SignInPage({ signedOut, onSession }: SignInProps) {
  const t = useTexts();
  const [number, setNumber] = useState("");
  const [password, setPassword] = useState("");
  const [step, setStep] = useState<SignInStep | null>(null);
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault>(null);
  const form = useRef<HTMLFormElement>(null);
  const fail = (field: "number" | "password" | "code" | null, words: string) => {
    setFault({ field, words });
    const name = field === "number" ? "staff_number" : (field ?? (step === null ? "password" : "code"));
    form.current?.querySelector<HTMLInputElement>(`[name=${name}]`)?.focus();
  };
  const refused = (error: Refusal) => {
    if (error.code === "too_many_attempts") return setFault({ until: serverNow() + (error.retryAfterS ?? LOCK_S) });
    if (step !== null) setCode("");
    else setPassword("");
    if (error.code === "sign_in_failed" && step !== null) again();
    fail(null, errorText(t, error.code));
  };
  const again = () => {
    setStep(null);
    setPassword("");
    setCode("");
    setFault(null);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    if (!/^\d{3,12}$/.test(number.trim())) return fail("number", t.signIn.numberWrong);
    if (password === "") return fail("password", t.signIn.passwordMissing);
    if (step !== null && !/^\d{6}$/.test(code)) return fail("code", t.signIn.codeMissing);
    setBusy(true);
    setFault(null);
    const body = { staff_number: number.trim(), password, ...(step === null ? {} : { code }) };
    const reply = await request<StaffSession | SignInStep>("POST", "/api/staff/session", body);
    setBusy(false);
    if (!reply.ok) return refused(reply.error);
    if ("next" in reply.body) setStep(reply.body);
    else onSession(reply.body);
  };
  return (
    <main class="signin" data-screen="sign-in" data-step={step?.next ?? "password"}>
      <form ref={form} onSubmit={submit} noValidate>
        <span class="brand row">
          <Icon name="mark" />
          <strong>{t.product}</strong>
        </span>
        {step === null ? (
          <>
            <Heading page={t.signIn.title}>{t.signIn.heading}</Heading>
            {signedOut && fault === null && <Note tone="amber" icon="log-out" title={t.signIn.signedOut} live />}
            <NumberAndPassword {...{ number, password, fault }} onNumber={setNumber} onPassword={setPassword} />
          </>
        ) : (
          <CodeStep step={step} number={number} code={code} fault={fault} onCode={setCode} onAgain={again} />
        )}
        <div id={step === null ? "sign-in-fault" : "code-fault"} role="alert">
          {fault !== null && "until" in fault && <Locked until={fault.until} />}
          {fault !== null && "words" in fault && fault.field !== "number" && fault.field !== "password" && (
            <p class="error">
              <Icon name="triangle-alert" />
              <span>{fault.words}</span>
            </p>
          )}
        </div>
        <button type="submit" class="btn btn-main btn-wide" aria-disabled={busy}>
          {busy ? t.signIn.submitting : step?.next === "enrol" ? t.signIn.finish : t.signIn.submit}
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

interface FieldsProps {
  number: string;
  password: string;
  fault: Fault;
  onNumber(number: string): void;
  onPassword(password: string): void;
}

function NumberAndPassword({ number, password, fault, onNumber, onPassword }: FieldsProps) {
  const t = useTexts();
  const told = fault !== null && "words" in fault ? fault : null;
  const wrong = (field: "number" | "password") => told !== null && (told.field === field || told.field === null);
  const words = (field: "number" | "password") => (told?.field === field ? told.words : null);
  return (
    <>
      <Field id="staff_number" label={t.signIn.number} error={words("number")}>
        <input
          class="input num"
          id="staff_number"
          name="staff_number"
          autocomplete="username"
          inputMode="numeric"
          maxLength={12}
          value={number}
          aria-invalid={wrong("number")}
          aria-describedby="staff_number-error sign-in-fault"
          onInput={(event) => onNumber(plainDigits(event.currentTarget.value))}
        />
      </Field>
      <Field id="password" label={t.signIn.password} error={words("password")}>
        <input
          class="input"
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          maxLength={256}
          value={password}
          aria-invalid={wrong("password")}
          aria-describedby="password-error sign-in-fault"
          onInput={(event) => onPassword(event.currentTarget.value)}
        />
      </Field>
    </>
  );
}
