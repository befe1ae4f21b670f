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
    revoke: "Withdraw",
    revokeTitle: (name: string) => `Withdraw the invitation for ${name}?`,
    revokeBody: "The link stops working. We do not tell the patient.",
    revokeNo: "Keep it",
  },

  invite: {
    title: "Invite a patient",
    name: "Name",
    nameMissing: "Please write the patient’s name.",
    birthYear: "Year of birth",
    birthYearWrong: "A year such as 1948.",
    email: "Email",
    emailHint: "The link is sent there. Leave it empty to pass the link on yourself.",
    emailWrong: "This does not look like an email address.",
    department: "Department",
    when: "When",
    whenHint: "Leave it empty and the patient comes at any time.",
    whenPast: "This time has passed.",
    reason: "Reason",
    reasonHint: "The patient sees it and can change it. It is never put in an email.",
    language: "Language of the email",
    make: "Make the link",
    making: "Making the link…",
    cancel: "Cancel",
    madeTitle: (name: string) => `The link for ${name}`,
    mailed: (address: string) => `An email is on its way to ${address}.`,
    notMailed: "No email was sent. Give the patient this link, or let them scan the code.",
    link: "Link",
    qr: "The link as a code, to be scanned with the patient’s phone",
    once: (day: string, time: string) => `Works until ${day}, ${time}. Shown only this once.`,
    done: "Done",
    another: "Invite another",
  },

  triage: {
    title: "Triage",
    heading: (n: number) => (n === 0 ? "Nobody is waiting" : `${`${count(n, "patient is", "patients are")} waiting`}`),
    loads: "Departments now",
    loadsSentence: (waiting: number, longest: number) =>
      waiting === 0
        ? "Nobody is waiting in any department."
        : longest < 1
          ? `${waiting} waiting, all have just arrived.`
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
    pick: "Choose a patient in the list. The arrow keys move; 1, 2 and 3 set the priority.",
    nobody: "Patients appear here as they arrive.",
    nobodyOnDuty: "nobody",
  },
};
