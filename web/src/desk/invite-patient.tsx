/** Inviting a patient: a short form, then the link as text and as a picture, and whether a mail is on its way. */

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { errorText, language, useLocal, useTexts } from "../i18n";
import { plainDigits } from "../patient/fields";
import { serverNow } from "../signal/fresh";
import { request } from "../signal/http";
import type { InvitationMade, Language, LocalText, StaffSession } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Qr } from "../ui/qr";
import { Sheet } from "../ui/screen";
import { CopyField } from "./copy-field";
import { momentOf } from "./days";
import { type InviteDraft, type InviteFault, invitationOf, inviteFaults } from "./invite-fields";

export interface Made extends InvitationMade {
  name: LocalText;
  contact: string | null;
}

interface InviteProps {
  session: StaffSession;
  onMade(made: Made): void;
  onClose(): void;
}

export function InviteSheet({ session, onMade, onClose }: InviteProps) {
  const t = useTexts();
  const [draft, setDraft] = useState<InviteDraft>(() => blank(session));
  const [faults, setFaults] = useState<readonly InviteFault[]>([]);
  const [refused, setRefused] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const put = (part: Partial<InviteDraft>) => setDraft({ ...draft, ...part });
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    const wrong = inviteFaults(draft, serverNow());
    setFaults(wrong);
    if (wrong[0] !== undefined) return form.current?.querySelector<HTMLElement>(`[name=${NAMES[wrong[0]]}]`)?.focus();
    setBusy(true);
    setRefused(null);
    const reply = await request<InvitationMade>("POST", "/api/staff/invitations", invitationOf(draft));
    setBusy(false);
    if (!reply.ok) return setRefused(reply.error.code);
    const name = draft.name.trim();
    onMade({ ...reply.body, name: { zh: name, en: name }, contact: draft.email.trim() || null });
  };
  return (
    <Sheet title={t.invite.title} sheet={false} onClose={onClose}>
      <form ref={form} class="stack invite-form" onSubmit={submit} noValidate>
        <Field id="invite-name" label={t.invite.name} fault={faults.includes("name") ? t.invite.nameMissing : null}>
          <input
            {...control("invite-name", "name", faults.includes("name"))}
            autocomplete="off"
            maxLength={80}
            value={draft.name}
            onInput={(event) => put({ name: event.currentTarget.value })}
          />
        </Field>
        <div class="two">
          <Field
            id="invite-year"
            label={t.invite.birthYear}
            fault={faults.includes("birthYear") ? t.invite.birthYearWrong : null}
          >
            <input
              {...control("invite-year", "birth_year", faults.includes("birthYear"))}
              inputMode="numeric"
              autocomplete="off"
              maxLength={4}
              value={draft.birthYear}
              onInput={(event) => put({ birthYear: plainDigits(event.currentTarget.value) })}
            />
          </Field>
          <Field
            id="invite-when"
            label={t.invite.when}
            hint={t.invite.whenHint}
            fault={faults.includes("when") ? t.invite.whenPast : null}
          >
            <input
              {...control("invite-when", "starts_at", faults.includes("when"))}
              type="datetime-local"
              value={draft.when}
              onInput={(event) => put({ when: event.currentTarget.value })}
            />
          </Field>
        </div>
        <Field
          id="invite-email"
          label={t.invite.email}
          hint={t.invite.emailHint}
          fault={faults.includes("email") ? t.invite.emailWrong : null}
        >
          <input
            {...control("invite-email", "email", faults.includes("email"))}
            type="email"
            autocomplete="off"
            maxLength={254}
            value={draft.email}
            onInput={(event) => put({ email: event.currentTarget.value })}
          />
        </Field>
        <Departments session={session} draft={draft} onPut={put} />
        <Field id="invite-reason" label={t.invite.reason} hint={t.invite.reasonHint} fault={null}>
          <textarea
            class="textarea"
            id="invite-reason"
            name="reason"
            rows={2}
            maxLength={500}
            aria-describedby="invite-reason-more"
            value={draft.reason}
            onInput={(event) => put({ reason: event.currentTarget.value })}
          />
        </Field>
        <LanguageChoice chosen={draft.language} onChoose={(chosen) => put({ language: chosen })} />
        <div role="alert">
          {refused !== null && (
            <p class="error">
              <Icon name="triangle-alert" />
              <span>{errorText(t, refused)}</span>
            </p>
          )}
        </div>
        <div class="actions">
          <button type="button" class="btn" onClick={onClose}>
            {t.invite.cancel}
          </button>
          <button type="submit" class="btn btn-main" aria-disabled={busy}>
            {busy ? t.invite.making : t.invite.make}
          </button>
        </div>
      </form>
    </Sheet>
  );
}

const NAMES: Record<InviteFault, string> = { name: "name", birthYear: "birth_year", email: "email", when: "starts_at" };

const blank = (session: StaffSession): InviteDraft => ({
  name: "",
  birthYear: "",
  email: "",
  department: session.departments[0]?.id ?? "",
  when: "",
  reason: "",
  language: language.get(),
});

const control = (id: string, name: string, wrong: boolean) => ({
  class: "input",
  id,
  name,
  "aria-invalid": wrong,
  "aria-describedby": `${id}-more`,
});

interface FieldProps {
  id: string;
  label: string;
  hint?: string;
  fault: string | null;
  children: ComponentChildren;
}

function Field({ id, label, hint, fault, children }: FieldProps) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <div id={`${id}-more`}>
        {fault !== null ? (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{fault}</span>
          </p>
        ) : (
          hint !== undefined && <p class="hint">{hint}</p>
        )}
      </div>
    </div>
  );
}

interface DepartmentsProps {
  session: StaffSession;
  draft: InviteDraft;
  onPut(part: Partial<InviteDraft>): void;
}

function Departments({ session, draft, onPut }: DepartmentsProps) {
  const t = useTexts();
  const local = useLocal();
  if (session.departments.length < 2) return null;
  return (
    <Field id="invite-department" label={t.invite.department} fault={null}>
      <select
        class="select"
        id="invite-department"
        name="department"
        value={draft.department}
        onChange={(event) => onPut({ department: event.currentTarget.value })}
      >
        {session.departments.map((each) => (
          <option key={each.id} value={each.id}>
            {local(each.name)}
          </option>
        ))}
      </select>
    </Field>
  );
}

function LanguageChoice({ chosen, onChoose }: { chosen: Language; onChoose(language: Language): void }) {
  const t = useTexts();
  const names: [Language, string][] =
    t.code === "zh"
      ? [
          ["zh", t.ownLanguage],
          ["en", t.otherLanguage],
        ]
      : [
          ["en", t.ownLanguage],
          ["zh", t.otherLanguage],
        ];
  return (
    <fieldset class="row radios">
      <legend class="label">{t.invite.language}</legend>
      {names.map(([code, name]) => (
        <label key={code} class="radio">
          <input type="radio" name="language" value={code} checked={chosen === code} onChange={() => onChoose(code)} />
          <span lang={code}>{name}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface MadeProps {
  made: Made;
  onClose(): void;
  onAnother(): void;
}

export function MadeSheet({ made, onClose, onAnother }: MadeProps) {
  const t = useTexts();
  const local = useLocal();
  const address = location.origin + made.path;
  const until = momentOf(t, made.expires_at, serverNow());
  const mailed = made.mailed && made.contact !== null;
  return (
    <Sheet title={t.invite.madeTitle(local(made.name))} sheet={false} onClose={onClose}>
      <div class={mailed ? "note note-teal" : "note"}>
        <Icon name="mail" />
        <p class="grow">{mailed ? t.invite.mailed(made.contact ?? "") : t.invite.notMailed}</p>
      </div>
      <div class="made-link made-big">
        <Qr text={address} label={t.invite.qr} />
        <CopyField id="invite-link" label={t.invite.link} text={address} hint={t.invite.once(until.day, until.time)} />
      </div>
      <div class="actions">
        <button type="button" class="btn" onClick={onAnother}>
          {t.invite.another}
        </button>
        <button type="button" class="btn btn-main" name="made_done" onClick={onClose}>
          {t.invite.done}
        </button>
      </div>
    </Sheet>
  );
}
