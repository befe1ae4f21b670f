/** Beside the call: the patient, the notes, the ending; and the visits of today. */

import { count } from "./words";

export const chart = {
  brief: {
    told: "What the patient told us",
    reason: "Reason",
    history: "History",
    allergies: "Allergies",
    noIntake: "No answers yet.",
    partIntake: "Not all questions answered yet.",
    expect: "Expected connection",
    noCheck: "Not tested yet.",
    checked: (time: string) => `Tested at ${time}`,
    up: (rate: string) => `${rate} up`,
    down: (rate: string) => `${rate} down`,
    path: { udp: "direct", turn_udp: "relayed by UDP", turn_tcp: "relayed by TCP", turn_tls: "relayed by TLS" },
    noMicrophone: "no microphone",
    noCamera: "no camera",
    megabits: (n: string) => `${n} Mbit/s`,
    kilobits: (n: string) => `${n} kbit/s`,
    next: "Next",
    waited: (minutes: number) => (minutes < 1 ? "has just come" : `has waited ${count(minutes, "minute", "minutes")}`),
    endedAt: (time: string) => `ended at ${time}`,
  },

  notes: {
    title: "Notes",
    field: {
      complaint: "Chief complaint",
      illness: "Present illness",
      history: "Past history",
      allergies: "Allergies",
      assessment: "Assessment",
      advice: "Advice",
    },
    fill: "Copy to notes",
    opening: "Loading your saved notes; you can already write.",
    empty: "Saves automatically",
    savedAt: (time: string) => `Saved ${time}`,
    saving: "Saving…",
    unsaved: "Not saved yet",
    trouble: (why: string) => `Not saved yet: ${why}`,
    kept: "What you wrote is kept here and sent as soon as possible.",
    tooLong: (field: string, over: number) =>
      `“${field}” is ${count(over, "character", "characters")} too long to be saved.`,
    merged: (fields: string) => `Written in two windows at once: ${fields}. Both texts are kept, one below the other.`,
    mergedRead: "All right",
  },

  ending: {
    title: (name: string) => `End the visit with ${name}?`,
    body: "It ends for everyone in the room. What you write here goes home with the patient.",
    agreed: "What was agreed",
    agreedHint: "One point per line. Your advice is filled in already.",
    next: "What comes next",
    nextHint: "For example: come back on Thursday; blood test this week.",
    send: "Send and end",
    end: "End the visit",
    without: "End without a summary",
    stay: "Keep talking",
    fault: {
      too_many: "At most 12 points: please combine some.",
      point_long: "One point is longer than 300 characters: please shorten it.",
      next_long: "At most 500 characters: please shorten it.",
    },
    ending: "Ending…",
  },

  recent: {
    title: (n: number) => `Seen today, ${n}`,
    none: "Today’s visits appear here.",
    unread: (n: number) => count(n, "new message", "new messages"),
    open: (name: string) => `Visit with ${name}`,
    editable: "The visit is over. Messages and notes stay open until the end of today.",
    back: "Done",
    waits: "Waiting for you",
    read: "Read",
    busy: "Opens once the current visit has ended.",
  },

  found: {
    title: "Find a patient",
    label: "Name or reason",
    none: "Nobody in your lists matches.",
    results: (n: number) => count(n, "person found", "people found"),
    kind: { waiting: "Waiting", invited: "Invited", recent: "Seen today" },
  },

  setup: {
    title: "Camera, microphone, speaker",
    camera: "Camera",
    microphone: "Microphone",
    speaker: "Speaker",
    usual: "Computer’s default",
    unnamed: (n: number) => `Device ${n}`,
    done: "Done",
    hint: "Changes take effect at once; the visit goes on.",
  },
};
