/** When a visit is: by the hospital's clock, and by this device's where it shows another time. */

export interface Moment {
  day: "today" | "tomorrow" | "date";
  /** Of the day, in the language; for `date` only. */
  date: string;
  time: string;
}

export interface VisitTime {
  hospital: Moment;
  /** Null where both clocks show the same. */
  here: Moment | null;
}

/** @param zone the hospital's, IANA; an unknown one counts as this device's
 * @param hereZone this device's; left out, the browser's own */
export function visitTime(startsAt: number, now: number, locale: string, zone: string, hereZone?: string): VisitTime {
  const hospital = momentIn(startsAt, now, locale, known(zone));
  const here = momentIn(startsAt, now, locale, hereZone);
  return { hospital, here: here.time === hospital.time && here.date === hospital.date ? null : here };
}

function momentIn(at: number, now: number, locale: string, timeZone: string | undefined): Moment {
  const form = (options: Intl.DateTimeFormatOptions, seconds: number, tag = locale) =>
    new Intl.DateTimeFormat(tag, { ...options, ...(timeZone === undefined ? {} : { timeZone }) }).format(
      seconds * 1000,
    );
  const dayOf = (seconds: number) => form({ year: "numeric", month: "2-digit", day: "2-digit" }, seconds, "en-CA");
  const day = dayOf(at) === dayOf(now) ? "today" : dayOf(at) === dayOf(now + 86_400) ? "tomorrow" : "date";
  return {
    day,
    date: form({ weekday: "long", day: "numeric", month: "long" }, at),
    time: form({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, at),
  };
}

function known(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}

/** Which greeting the hour asks for, by this device's clock. */
export const partOfDay = (hours: number): "morning" | "afternoon" | "evening" =>
  hours >= 4 && hours < 12 ? "morning" : hours >= 12 && hours < 18 ? "afternoon" : "evening";
