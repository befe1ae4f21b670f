/** Why a call was bad, in one plain sentence. Pure. */

import type { PatientTexts } from "../i18n/en";
import type { QualityVerdict } from "../signal/messages";

/** @param own the seat of whoever reads it */
export function reason(t: PatientTexts, verdict: QualityVerdict | null, own: string): string {
  if (verdict === null) return t.verdict.good;
  const whose = verdict.seat === own ? t.verdict.yours : t.verdict.line[verdict.role];
  const time = t.verdict.during(verdict.seconds, verdict.of_seconds);
  const worst = verdict.worst ?? 0;
  switch (verdict.cause) {
    case "interrupted":
      return t.verdict.interrupted(whose, time);
    case "loss":
      return t.verdict.loss(whose, Math.round(100 * worst), time);
    case "narrow":
      return t.verdict.narrow(whose, Math.round(worst / 1000), time);
    case "delay":
      return t.verdict.delay(whose, Math.round(worst / 100) / 10, time);
    case "frozen":
      return t.verdict.frozen(whose, time);
    default:
      return verdict.cause satisfies never;
  }
}
