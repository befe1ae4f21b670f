/** What the desk's lists show, as plain functions of the state. */

import type { Department, DeskState, LocalText, QueueLine } from "../signal/messages";
import { minutesSince } from "../ui/clock";

/** The queue of one department, or of all. */
export const queueOf = (queue: readonly QueueLine[], department: string | null): QueueLine[] =>
  queue.filter((line) => department === null || line.department === department);

export interface Load {
  department: string;
  waiting: number;
  longestMinutes: number;
  redFlags: number;
}

/** For each department how many wait and how long the longest of them has. */
export function loadsOf(queue: readonly QueueLine[], departments: readonly Department[], now: number): Load[] {
  return departments.map(({ id }) => {
    const lines = queueOf(queue, id);
    const longest = lines.reduce((most, line) => Math.max(most, minutesSince(now, line.waiting_since)), 0);
    const redFlags = lines.filter((line) => line.red_flags.length > 0).length;
    return { department: id, waiting: lines.length, longestMinutes: longest, redFlags };
  });
}

/** Where an arrow, Home or End leads in a list of `count` from `index`; null for every other key. */
export function walked(key: string, index: number, count: number): number | null {
  if (count === 0) return null;
  if (key === "ArrowDown") return Math.min(index + 1, count - 1);
  if (key === "ArrowUp") return Math.max(index - 1, 0);
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  return null;
}

export type Found = { kind: "waiting" | "invited" | "recent"; id: string; name: LocalText; about: string };

/** Patients whose name in either language, or reason, holds every word asked for; those with a matching name first. */
export function find(asked: string, desk: DeskState): Found[] {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  const all: Found[] = [
    ...desk.queue.map((each) => ({
      kind: "waiting" as const,
      id: each.consultation,
      name: each.name,
      about: each.reason,
    })),
    ...desk.invited.map((each) => ({ kind: "invited" as const, id: each.consultation, name: each.name, about: "" })),
    ...desk.recent.map((each) => ({ kind: "recent" as const, id: each.seat, name: each.name, about: "" })),
  ];
  const named = (each: Found) => `${each.name.zh} ${each.name.en}`.toLowerCase();
  const hit = (text: string) => words.every((word) => text.includes(word));
  const matching = all.filter((each) => hit(`${named(each)} ${each.about.toLowerCase()}`));
  return [...matching.filter((each) => hit(named(each))), ...matching.filter((each) => !hit(named(each)))];
}
