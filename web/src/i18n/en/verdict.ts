import { count, LEAST_KBITS } from "./words";

const minutes = (seconds: number) =>
  seconds < 90 ? count(Math.round(seconds), "second", "seconds") : count(Math.round(seconds / 60), "minute", "minutes");

/** Why a call was bad, in one sentence. */
export const verdict = {
  verdict: {
    yours: "your line",
    line: {
      patient: "the patient’s line",
      practitioner: "the doctor’s line",
      companion: "the companion’s line",
      interpreter: "the interpreter’s line",
    },
    during: (seconds: number, of: number) => `${minutes(seconds)} of ${minutes(of)}`,
    good: "Nothing was wrong with this call.",
    interrupted: (line: string, time: string) => `The call was cut off: ${line} was gone for ${time}.`,
    loss: (line: string, percent: number, time: string) =>
      `Sound and picture broke up: ${line} lost up to ${percent} % of what was sent, for ${time}.`,
    narrow: (line: string, kbits: number, time: string) =>
      `The picture was small or gone: ${line} carried ${kbits < LEAST_KBITS ? "next to nothing" : `only ${kbits} kbit/s`} at its worst, for ${time}.`,
    delay: (line: string, seconds: number, time: string) =>
      `Answers came late: ${line} took up to ${seconds} s there and back, for ${time}.`,
    frozen: (line: string, time: string) =>
      `The picture stood still on a device that was busy or slow (${line}), for ${time}.`,
  },
};
