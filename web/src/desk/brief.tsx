/** Who the patient is and what they told: allergies as a card, the answers, the link to expect with its figures. */

import type { ComponentChildren } from "preact";
import { type Texts, useLocal, useTexts } from "../i18n";
import type { CheckResult, Expectation, Intake, LocalText } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { ageOf, initials } from "../ui/names";
import { EXPECT_ICON, RedFlags } from "./signs";

interface WhoProps {
  name: LocalText;
  birthYear: number | null;
  about: string;
  children?: ComponentChildren;
}

export function Who({ name, birthYear, about, children }: WhoProps) {
  const local = useLocal();
  return (
    <div class="who">
      <span class="avatar avatar-sand" aria-hidden="true">
        {initials(local(name))}
      </span>
      <div class="grow">
        <h2>
          {local(name)} {birthYear !== null && <span class="second num who-age">{ageOf(birthYear)}</span>}
        </h2>
        <p class="small second">{about}</p>
      </div>
      {children}
    </div>
  );
}

/** Amber, first, and in the patient's own words. */
export function Allergies({ intake }: { intake: Intake | null }) {
  const t = useTexts();
  const told = intake?.allergies.trim() ?? "";
  if (told === "") return null;
  return (
    <aside class="note note-amber note-tight" data-allergies>
      <Icon name="triangle-alert" />
      <div class="grow">
        <strong>{t.brief.allergies}</strong> <span class="told">{told}</span>
      </div>
    </aside>
  );
}

interface ToldProps {
  reason: string;
  intake: Intake | null;
  /** Where the heading stands above it already. */
  untitled?: boolean;
}

export function Told({ reason, intake, untitled }: ToldProps) {
  const t = useTexts();
  const history = intake?.history.trim() ?? "";
  return (
    <section class="stack gap-s" aria-label={t.brief.told}>
      {!untitled && <h3>{t.brief.told}</h3>}
      {intake !== null && intake.red_flags.length > 0 && (
        <div class="chips">
          <RedFlags flags={intake.red_flags} />
        </div>
      )}
      <dl class="facts">
        <div>
          <dt>{t.brief.reason}</dt>
          <dd>{reason || t.desk.noReason}</dd>
        </div>
        {history !== "" && (
          <div>
            <dt>{t.brief.history}</dt>
            <dd class="told">{history}</dd>
          </div>
        )}
      </dl>
      {intake === null && <p class="small second">{t.brief.noIntake}</p>}
      {intake !== null && !intake.done && <p class="small second">{t.brief.partIntake}</p>}
    </section>
  );
}

export function LinkToExpect({ expect, check }: { expect: Expectation | null; check: CheckResult | null }) {
  const t = useTexts();
  const what = check?.expect ?? expect;
  return (
    <section class="stack gap-s" aria-labelledby="expect">
      <h3 id="expect">{t.brief.expect}</h3>
      {what === null ? (
        <p class="small second">{t.brief.noCheck}</p>
      ) : (
        <p class="row row-top gap-xs small" data-expect={what}>
          <Icon name={EXPECT_ICON[what]} tone={what === "clear" ? "teal" : "amber"} />
          <span>
            <strong>{t.desk.expect[what]}</strong>
            {check !== null && <span class="block second num">{figures(t, check).join(t.listJoin)}</span>}
          </span>
        </p>
      )}
    </section>
  );
}

/** What was measured, each as a few words. Exported for its test. */
export function figures(t: Texts, check: CheckResult): string[] {
  const best = check.paths.find((each) => each.works);
  return [
    t.brief.checked(timeOfDay(t, check.at)),
    check.up_bps === null ? null : t.brief.up(rate(t, check.up_bps)),
    check.down_bps === null ? null : t.brief.down(rate(t, check.down_bps)),
    best === undefined ? null : t.brief.path[best.path],
    check.microphone === "ready" ? null : t.brief.noMicrophone,
    check.camera === "ready" ? null : t.brief.noCamera,
  ].filter((each) => each !== null);
}

const rate = (t: Texts, bps: number): string =>
  bps >= 1_000_000 ? t.brief.megabits((bps / 1_000_000).toFixed(1)) : t.brief.kilobits(String(Math.round(bps / 1_000)));
