/** Inviting patients, and the coordinator's view of the whole hospital. */

import { count } from "./words";

export const triage = {
  invited: {
    title: (n: number) => `Invited, ${n}`,
    make: "Invite a patient",
    short: "Invite",
    when: (day: string, time: string) => `${day}, ${time}`,
    today: "today",
    tomorrow: "tomorrow",
    anyTime: "any time",
    until: (day: string, time: string) => `link until ${day}, ${time}`,
    again: "New link",
    revoke: "Take back",
    revokeTitle: (name: string) => `Take back the invitation of ${name}?`,
    revokeBody: "The link then opens nothing. The patient is not told by us.",
    revokeNo: "Keep it",
  },

  invite: {
    title: "Invite a patient",
    name: "Name",
    nameMissing: "Please write the patient’s name.",
    birthYear: "Year of birth",
    birthYearWrong: "A year such as 1948.",
    email: "E-mail",
    emailHint: "The link is sent there. Without it, you give the link yourself.",
    emailWrong: "This does not look like an e-mail address.",
    department: "Department",
    when: "When",
    whenHint: "Left empty: the patient comes when it suits.",
    whenPast: "This time is over.",
    reason: "Reason",
    reasonHint: "The patient sees it and may change it. It is never mailed.",
    language: "Language of the letter",
    make: "Make the link",
    making: "Making the link…",
    cancel: "Cancel",
    madeTitle: (name: string) => `The link for ${name}`,
    mailed: (address: string) => `A mail is on its way to ${address}.`,
    notMailed: "No mail was sent. Give the patient this link, or let them scan the picture.",
    link: "Link",
    qr: "The link as a picture, to be scanned by the patient’s phone",
    once: (day: string, time: string) => `Works until ${day}, ${time}. Shown only now.`,
    done: "Done",
    another: "Invite another",
  },

  triage: {
    title: "Triage",
    heading: (n: number) => (n === 0 ? "Nobody is waiting" : `${count(n, "patient waits", "patients wait")}`),
    loads: "Departments now",
    loadsSentence: (waiting: number, longest: number) =>
      waiting === 0
        ? "Nobody is waiting in any department."
        : longest < 1
          ? `${waiting} waiting, all have just come.`
          : `${waiting} waiting; the longest for ${count(longest, "minute", "minutes")}.`,
    department: "Department",
    waiting: "Waiting",
    longest: "Longest wait",
    doctors: "Doctors on duty",
    doctorsTitle: (n: number) => `Doctors on duty, ${n}`,
    noDoctors: "No doctor is on duty.",
    doctorState: { free: "Free", offered: "Has an offer", in_call: "In a visit", away: "Not connected" },
    priorityOf: (name: string) => `Priority of ${name}`,
    setTo: (name: string, priority: string) => `${name}: ${priority}`,
    pick: "Choose a patient in the list: arrows walk, 1, 2 and 3 set the priority.",
    nobody: "The list fills by itself as patients come.",
    nobodyOnDuty: "nobody",
  },
};
