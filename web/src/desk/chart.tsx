/** The right of the desk while a visit is open: the patient, what they told, and the notes. It stays the same from the offer
 * accepted to the day's end, so that nobody who writes loses the pen when the call ends. */

import type { ComponentChildren } from "preact";
import { useTexts } from "../i18n";
import type { Expectation, LocalText, PatientBrief, RedFlag } from "../signal/messages";
import { Allergies, LinkToExpect, Told, Who } from "./brief";
import { NotesForm, SavedLine } from "./notes-form";
import type { OpenNotes } from "./use-notes";

interface ChartProps {
  name: LocalText;
  about: string;
  /** None where only the name is left: a visit of earlier today. */
  patient: PatientBrief | null;
  notes: OpenNotes;
  /** What stands beside "Saved": the way on. */
  children?: ComponentChildren;
}

export function Chart({ name, about, patient, notes, children }: ChartProps) {
  const t = useTexts();
  return (
    <>
      <Who name={name} birthYear={patient?.birth_year ?? null} about={about} />
      <div class="chart-scroll">
        <Allergies intake={patient?.intake ?? null} />
        {patient !== null && (
          <div class="chart-brief stack">
            <details open={notes.state.revision === 0 && notes.state.known}>
              <summary>{t.brief.told}</summary>
              <div class="stack">
                <Told reason={patient.reason} intake={patient.intake} untitled />
                <LinkToExpect expect={null} check={patient.check} />
              </div>
            </details>
          </div>
        )}
        <NotesForm notes={notes} reason={patient?.reason ?? ""} intake={patient?.intake ?? null} />
      </div>
      <footer class="chart-foot">
        <SavedLine state={notes.state} />
        {children}
      </footer>
    </>
  );
}

interface BriefPaneProps {
  name: LocalText;
  birthYear: number | null;
  about: string;
  reason: string;
  intake: PatientBrief["intake"];
  flags: readonly RedFlag[];
  expect: Expectation | null;
  children?: ComponentChildren;
}

/** A patient who waits or is offered: read, not written. */
export function BriefPane({ name, birthYear, about, reason, intake, flags, expect, children }: BriefPaneProps) {
  const known = intake ?? (flags.length > 0 ? { history: "", allergies: "", red_flags: [...flags], done: true } : null);
  return (
    <>
      <Who name={name} birthYear={birthYear} about={about} />
      <div class="pane-in stack chart-brief">
        <Allergies intake={known} />
        <Told reason={reason} intake={known} />
        <LinkToExpect expect={expect} check={null} />
        {children}
      </div>
    </>
  );
}
