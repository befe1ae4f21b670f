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
    next: "From here",
    agreed: "What you agreed",
    comes: "What comes next",
    ask: "How was it?",
    rating: { good: "Good", fair: "Fair", poor: "Poor" },
    thanks: "Thank you. You can still change your answer.",
    rateFailed: "That did not get through; please try again.",
    messages: "Messages",
    messagesBody: "Forgot something? You can still read and write here for a day.",
    print: "Print or save this page",
    printed: (hospital: string, department: string, date: string) => `${hospital}, ${department}, ${date}`,
    doAsAgreed: "Follow what you agreed with the doctor.",
    worse: "Feeling worse, or worried?",
    again: "Need a doctor again?",
    newLink: "Send me a new link",
    newVisit: "Take a new place in line",
    closePage: "You can close this page now.",
    leftHeading: "You have left the line.",
    leftBody: "Your place went to the next person. If you still need a doctor, you can take a new place.",
    leftCallHeading: "The visit has ended.",
    leftCallBody: "You ended it before the doctor did. If something was left unsaid, you can take a new place in line.",
    cancelledHeading: "The hospital has cancelled this visit.",
    cancelledBody: "We are sorry. You can take a new place in line, or phone the hospital.",
    wrongHeading: "That was not the right visit.",
    wrongBody:
      "The name card did not match, so we stopped at once: nobody was seen or heard. You can take a new place, or have a new link sent to you.",
    lapsedHeading: "This visit has expired.",
    lapsedBody: "We could not reach you for a long time, so the place was given away. You can take a new one.",
    guestHeading: "Thank you for being there.",
    guestBody: "You have left the room. You can close this page now.",
    guestOver: "The visit is over. You can close this page now.",
  },
};
