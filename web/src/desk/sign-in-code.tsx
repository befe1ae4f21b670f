/** The second step of signing in: a code; before the first one, the authenticator is set up with a picture or a key. */

import { useEffect, useRef } from "preact/hooks";
import { useTexts } from "../i18n";
import { plainDigits } from "../patient/fields";
import type { SignInStep } from "../signal/messages";
import { useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { Qr } from "../ui/qr";
import { Heading } from "../ui/screen";
import { CopyField } from "./copy-field";
import { exactTime } from "./days";
import type { Fault } from "./sign-in";

interface CodeProps {
  step: SignInStep;
  number: string;
  code: string;
  fault: Fault;
  onCode(code: string): void;
  onAgain(): void;
}

export function CodeStep({ step, number, code, fault, onCode, onAgain }: CodeProps) {
  const t = useTexts();
  const field = useRef<HTMLInputElement>(null);
  const enrol = step.next === "enrol";
  useEffect(() => {
    if (!enrol) field.current?.focus();
  }, [enrol]);
  return (
    <>
      <Heading page={t.signIn.title}>{enrol ? t.signIn.enrolHeading : t.signIn.codeHeading}</Heading>
      <p class="second signin-who">
        {enrol ? t.signIn.enrolBody : t.signIn.codeBody(number)}{" "}
        {!enrol && (
          <button type="button" class="btn-link" name="again" onClick={onAgain}>
            {t.signIn.otherPerson}
          </button>
        )}
      </p>
      {/* a password store wants to see whose code this is */}
      <input class="sr" type="text" autocomplete="username" value={number} readOnly tabIndex={-1} aria-hidden="true" />
      {enrol && <Enrolment step={step} />}
      <div class="field">
        <label for="code">{t.signIn.code}</label>
        {!enrol && (
          <p class="hint" id="code-hint">
            {t.signIn.codeHint}
          </p>
        )}
        <input
          ref={field}
          class="input code"
          id="code"
          name="code"
          autocomplete="one-time-code"
          inputMode="numeric"
          maxLength={6}
          value={code}
          aria-invalid={fault !== null && "words" in fault}
          aria-describedby="code-hint code-fault"
          onInput={(event) => onCode(plainDigits(event.currentTarget.value).replace(/\s/g, ""))}
        />
      </div>
    </>
  );
}

function Enrolment({ step }: { step: SignInStep }) {
  const t = useTexts();
  const key = step.secret?.replace(/(.{4})(?=.)/g, "$1 ") ?? "";
  return (
    <div class="enrol stack">
      <ol class="enrol-steps">
        {t.signIn.enrolSteps.map((words) => (
          <li key={words}>{words}</li>
        ))}
      </ol>
      {step.uri !== null && (
        <>
          <Qr text={step.uri} label={t.signIn.enrolQr} />
          <a class="small" href={step.uri}>
            {t.signIn.enrolOpen}
          </a>
        </>
      )}
      <CopyField id="secret" label={t.signIn.enrolSecret} text={key} hint={t.signIn.enrolAccount} long />
    </div>
  );
}

/** Says until when the door is locked, and when it is open again. */
export function Locked({ until }: { until: number }) {
  const t = useTexts();
  const over = useServerNow() >= until;
  return (
    <p class="error">
      <Icon name={over ? "check" : "lock"} />
      <span>{over ? t.signIn.unlocked : t.signIn.lockedUntil(exactTime(until))}</span>
    </p>
  );
}
