/** Who is coming, and why: the last step before a place in line. */

import { useRef, useState } from "preact/hooks";
import { errorText, language, useLocal, useTexts } from "../i18n";
import { request } from "../signal/http";
import type { Department, Hospital, SeatGranted, WalkIn } from "../signal/messages";
import { EmailField, Field, Refusal } from "../ui/field";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { EmergencyNote, Heading, Note, ReadAloud, Top } from "../ui/screen";
import { BackLink, dutyWords } from "./entry";
import { type Draft, faultsOf, OLDEST_YEAR, plainDigits, plainEmail } from "./fields";
import { holdVisit } from "./held";

interface FormProps {
  hospital: Hospital;
  department: Department;
  onSeat(page: string): void;
}

/** Kept while one goes back and forth; forgotten with the page, because it is nobody else's business. */
const EMPTY: Draft = { name: "", birthYear: "", reason: "", email: "" };
let draftKept = EMPTY;

export function WalkInForm({ hospital, department, onSeat }: FormProps) {
  const t = useTexts();
  const local = useLocal();
  const [draft, setDraft] = useState(draftKept);
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const thisYear = new Date().getFullYear();
  const faults = faultsOf(draft, thisYear);
  const change = (part: Partial<Draft>) => {
    draftKept = { ...draft, ...part };
    setDraft(draftKept);
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (busy) return;
    const wrong = faults.name ? "name" : faults.birthYear ? "birth_year" : faults.email ? "email" : null;
    if (wrong !== null) {
      form.current?.querySelector<HTMLInputElement>(`[name=${wrong}]`)?.focus();
      return;
    }
    setBusy(true);
    setRefused(null);
    const reply = await request<SeatGranted>("POST", "/api/walk-ins", bodyOf(hospital, department, draft));
    setBusy(false);
    if (!reply.ok) {
      setRefused(reply.error.code);
      return;
    }
    draftKept = EMPTY;
    holdVisit(reply.body.page);
    onSeat(reply.body.page);
  };
  return (
    <form class="page" ref={form} onSubmit={submit} noValidate>
      <Top title={local(hospital.name)} />
      <main class="body stack gap-l" data-screen="entry-form">
        <BackLink to={`/?hospital=${hospital.id}`} />
        <Heading page={local(hospital.name)}>{t.entry.formHeading}</Heading>
        <ReadAloud />
        <Plate department={department} />
        {department.on_duty === 0 && (
          <Note tone="amber" icon="clock" title={t.entry.nobodyTitle}>
            <p>{t.entry.nobodyBody}</p>
          </Note>
        )}
        <Field
          label={t.entry.name}
          hint={t.entry.nameHint}
          error={asked && faults.name ? t.entry.nameMissing : null}
          id="name"
        >
          <input
            class="input"
            id="name"
            name="name"
            autocomplete="name"
            maxLength={80}
            value={draft.name}
            aria-describedby="name-hint name-error"
            aria-invalid={asked && faults.name}
            aria-required="true"
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </Field>
        <Field
          label={t.entry.year}
          hint={t.entry.yearHint}
          error={asked && faults.birthYear ? t.entry.yearWrong(OLDEST_YEAR, thisYear) : null}
          id="birth_year"
        >
          <input
            class="input input-short num"
            id="birth_year"
            name="birth_year"
            inputMode="numeric"
            autocomplete="bday-year"
            maxLength={4}
            value={draft.birthYear}
            aria-describedby="birth_year-hint birth_year-error"
            aria-invalid={asked && faults.birthYear}
            onInput={(event) => change({ birthYear: plainDigits(event.currentTarget.value) })}
          />
        </Field>
        <Field label={t.entry.reason} hint={t.entry.reasonHint} error={null} id="reason">
          <textarea
            class="textarea"
            id="reason"
            name="reason"
            rows={3}
            maxLength={500}
            placeholder={t.entry.reasonExample}
            value={draft.reason}
            aria-describedby="reason-hint"
            onInput={(event) => change({ reason: event.currentTarget.value })}
          />
        </Field>
        <EmailField
          label={t.entry.email}
          hint={t.entry.emailHint}
          error={asked && faults.email ? t.entry.emailWrong : null}
          value={draft.email}
          onWrite={(email) => change({ email })}
        />
        <p class="third row row-top">
          <Icon name="lock" />
          <span>{t.entry.privacy}</span>
        </p>
        <NextSteps />
        <EmergencyNote number={hospital.emergency_number} />
      </main>
      <footer class="foot">
        <Refusal words={refused === null ? null : errorText(t, refused)} />
        <button type="submit" class="btn btn-main btn-large btn-wide" aria-disabled={busy}>
          {busy ? t.entry.taking : t.entry.take}
        </button>
      </footer>
    </form>
  );
}

function bodyOf(hospital: Hospital, department: Department, draft: Draft): WalkIn {
  const year = draft.birthYear.trim();
  return {
    hospital: hospital.id,
    department: department.id,
    name: draft.name.trim(),
    birth_year: year === "" ? null : Number(year),
    reason: draft.reason.trim(),
    language: language.get(),
    email: plainEmail(draft.email) || null,
  };
}

function Plate({ department }: { department: Department }) {
  const t = useTexts();
  const local = useLocal();
  return (
    <section class="card plate" aria-label={t.entry.willSee}>
      <div class="row">
        <span class="avatar avatar-l" aria-hidden="true">
          <Icon name="stethoscope" />
        </span>
        <div class="grow">
          <p class="small second">{t.entry.willSee}</p>
          <h2>{local(department.name)}</h2>
          <p class="small second">{dutyWords(t, department)}</p>
        </div>
      </div>
    </section>
  );
}

const STEP_ICONS: IconName[] = ["users", "armchair", "video"];

function NextSteps() {
  const t = useTexts();
  return (
    <ol class="steps3">
      {t.entry.next.map((words, index) => (
        <li key={words}>
          <Icon name={STEP_ICONS[index] ?? "check"} />
          <span>{words}</span>
        </li>
      ))}
    </ol>
  );
}
