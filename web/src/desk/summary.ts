/** What a patient takes home, made of what a doctor wrote. */

import type { Summary } from "../signal/messages";

const MAX_POINTS = 12;
const MAX_POINT = 300;
const MAX_NEXT = 500;

/** Advice as points: one for each line and each sentence; a decimal point does not end one. */
export function pointsFrom(advice: string): string {
  const sentences = linesOf(advice).flatMap((line) =>
    line
      .replace(/([.!?])\s+/g, "$1\n")
      .replace(/([。！？；])/g, "$1\n")
      .split("\n"),
  );
  return linesOf(sentences.join("\n")).join("\n");
}

const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.replace(/^\s*(?:[-•*·]|\d{1,2}[.、)]\s)\s*/, "").trim())
    .filter((line) => line !== "");

export type SummaryFault = "too_many" | "point_long" | "next_long";

/** The summary, null where there is nothing to tell; or what the server would refuse. */
export function summaryOf(points: string, next: string): { summary: Summary | null } | { fault: SummaryFault } {
  const agreed = linesOf(points);
  const step = next.trim();
  if (agreed.length > MAX_POINTS) return { fault: "too_many" };
  if (agreed.some((point) => point.length > MAX_POINT)) return { fault: "point_long" };
  if (step.length > MAX_NEXT) return { fault: "next_long" };
  return { summary: agreed.length === 0 && step === "" ? null : { agreed, next_step: step } };
}
