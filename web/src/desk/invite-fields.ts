/** What a doctor writes to invite a patient, and what is wrong with it. */

import type { Invitation, Language } from "../signal/messages";

export interface InviteDraft {
  name: string;
  birthYear: string;
  email: string;
  department: string;
  /** As `datetime-local` gives it, in this computer's time zone; empty: any time. */
  when: string;
  reason: string;
  language: Language;
}

export type InviteFault = "name" | "birthYear" | "email" | "when";

const EMAIL = /^[^@\s]{1,64}@[^@\s]{1,189}$/;
/** A form filled in at leisure for "now" is not refused. */
const LATE_S = 600;

export function inviteFaults(draft: InviteDraft, now: number): InviteFault[] {
  const year = Number(draft.birthYear);
  const thisYear = new Date(now * 1000).getFullYear();
  const at = startsAt(draft.when);
  const faults: [InviteFault, boolean][] = [
    ["name", draft.name.trim() === ""],
    ["birthYear", draft.birthYear !== "" && !(/^\d{4}$/.test(draft.birthYear) && year >= 1890 && year <= thisYear)],
    ["email", draft.email.trim() !== "" && !EMAIL.test(draft.email.trim())],
    ["when", draft.when !== "" && (at === null || at < now - LATE_S)],
  ];
  return faults.filter(([, wrong]) => wrong).map(([fault]) => fault);
}

export function invitationOf(draft: InviteDraft): Invitation {
  return {
    department: draft.department,
    name: draft.name.trim(),
    birth_year: draft.birthYear === "" ? null : Number(draft.birthYear),
    email: draft.email.trim() || null,
    reason: draft.reason.trim(),
    language: draft.language,
    starts_at: startsAt(draft.when),
  };
}

function startsAt(when: string): number | null {
  const ms = when === "" ? Number.NaN : new Date(when).getTime();
  return Number.isNaN(ms) ? null : ms / 1000;
}
