import { count } from "./words";

export const goodbye = {
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
    agreed: "What you agreed",
    comes: "What comes next",
    ask: "How was it?",
    rating: { good: "Good", fair: "So-so", poor: "Not good" },
    thanks: "Thank you. You can still change it.",
    rateFailed: "That did not get through; please try again.",
    messages: "Messages",
    messagesBody: "Forgotten something? You can still read and write here for a day.",
    print: "Print or save this page",
    printed: (hospital: string, department: string, date: string) => `${hospital}, ${department}, ${date}`,
    doAsAgreed: "Do what you agreed with the doctor.",
    worse: "Getting worse, or frightened?",
    again: "Need a doctor again?",
    newLink: "Send me a new link",
    newVisit: "Take a new place in line",
    closePage: "You may close this page.",
    leftHeading: "You have left the line.",
    leftBody: "Your place went to the next person. If you still need a doctor, take a new place.",
    leftCallHeading: "The visit has ended.",
    leftCallBody: "You ended it before the doctor did. If something was left unsaid, take a new place in line.",
    cancelledHeading: "The hospital has cancelled this visit.",
    cancelledBody: "We are sorry. Take a new place in line, or telephone the hospital.",
    wrongHeading: "That was not the right visit.",
    wrongBody:
      "The name card did not fit, so we stopped at once: nobody was seen or heard. Take a new place, or have a new link sent to you.",
    lapsedHeading: "This visit has lapsed.",
    lapsedBody: "We could not reach you for a long time, so the place was given away. You can take a new one.",
    guestHeading: "Thank you for being there.",
    guestBody: "You have left the room. You may close this page.",
    guestOver: "The visit is over. You may close this page.",
  },
};
