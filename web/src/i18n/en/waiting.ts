import { count, ordinals } from "./words";

export const waiting = {
  waiting: {
    title: "Waiting room",
    room: (ahead: number) =>
      ahead === 0
        ? "A waiting room: you are next"
        : `A waiting room: ${count(ahead, "person sits", "people sit")} before you`,
    you: "You",
    more: (n: number) => `+${n}`,
    line: (ahead: number) =>
      ahead === 0
        ? "You are next"
        : ahead < ordinals.length
          ? `You are ${ordinals[ahead]} in line`
          : `${ahead} people are before you`,
    wait: (low: number, high: number) => ({
      before: low < 1 ? "within" : "about",
      number: low < 1 || low === high ? `${high}` : `${low} to ${high}`,
      after: high === 1 ? "minute" : "minutes",
    }),
    now: "now",
    scale: (minutes: number) => `${minutes} min`,
    bar: (end: number, low: number, high: number) =>
      `Now to ${end} minutes; your turn falls between ${low} and ${high}`,
    unknown: "We cannot say yet how long",
    unknownBody: "As soon as we have seen how fast it goes today, the time stands here.",
    nobody: "No doctor is on duty right now",
    nobodyBody: "Your place is kept. As soon as a doctor begins, you move up and the time stands here.",
    updated: (time: string) => `As of ${time}.`,
    doctors: (n: number) => `${count(n, "doctor is", "doctors are")} seeing patients.`,
    offered: "A doctor is reading your request",
    offeredBody: "It may begin any moment. Please stay on this page.",
    keepTitle: "Please keep this page open.",
    keepBody: "A chime sounds when the doctor calls you in. If the page is lost, open it again: your place is kept.",
    tips: ["Put your medicines beside you.", "Sit with the light on your face.", "Plug your phone in."],
    leave: "Leave the line",
    leaveTitle: "Give up your place?",
    leaveBody: "The others move up. To come back you start at the end of the line.",
    leaveYes: "Leave the line",
    leaveNo: "Stay",
    lostTitle: "The connection is interrupted.",
    lostBody: "We are trying to get it back. Your place is kept meanwhile.",
    offline: "This device is off line. Check Wi-Fi or mobile data.",
    scheduled: "Your visit is booked",
    scheduledBody: "Please stay on this page; the doctor opens the door when it is time.",
    entering: "Coming back to your place…",
  },

  check: {
    open: "Try picture and sound",
    title: "Can you be seen and heard?",
    speak: "Say a few words. The bar moves when we hear you.",
    level: "Loudness of your voice",
    heard: "We hear you.",
    silent: "Nothing heard yet.",
    seen: "This is how the doctor will see you.",
    stop: "Done",
  },

  goodbye: {
    title: "Goodbye",
    heading: (name: string) => `Take care, ${name}.`,
    headingPlain: "Take care.",
    spoke: (name: string, minutes: number) =>
      minutes < 1
        ? `You spoke with ${name} for less than a minute.`
        : `You spoke with ${name} for ${count(minutes, "minute", "minutes")}.`,
    over: "The visit is over.",
    next: "What now",
    doAsAgreed: "Do what you agreed with the doctor.",
    worse: "Getting worse, or frightened?",
    again: "Need a doctor again?",
    newVisit: "Take a new place in line",
    closePage: "You may close this page.",
    leftHeading: "You have left the line.",
    leftBody: "Your place went to the next person. If you still need a doctor, take a new place.",
    leftCallHeading: "The visit has ended.",
    leftCallBody: "You ended it before the doctor did. If something was left unsaid, take a new place in line.",
    cancelledHeading: "The hospital has cancelled this visit.",
    cancelledBody: "We are sorry. Take a new place in line, or telephone the hospital.",
    wrongHeading: "That was not the right visit.",
    wrongBody: "We stopped at once: nobody was seen or heard. Take a new place, or ask the hospital for a new link.",
    lapsedHeading: "This visit has lapsed.",
    lapsedBody: "We could not reach you for a long time, so the place was given away. You can take a new one.",
    guestHeading: "Thank you for being there.",
    guestBody: "You have left the room. You may close this page.",
    guestOver: "The visit is over. You may close this page.",
  },

  visit: {
    opening: "Opening your visit…",
    openingBody: "One moment: we ask the hospital for your place.",
    slow: "This takes longer than usual. Check your connection; we keep trying.",
    notHereTitle: "This visit is not open on this device.",
    notHereBody: "It can be opened only where it was begun. Use that phone or computer, or take a new place in line.",
    elsewhereTitle: "The visit is open in another window.",
    elsewhereBody: "Only one window may show it. To go on here, press the button; the other one closes.",
    here: "Go on here",
    stoppedTitle: "The connection was closed.",
    stoppedBody: "Something in this page did not fit. Load it again; your place is kept.",
    refusedTitle: "We cannot open the visit now.",
  },
};
