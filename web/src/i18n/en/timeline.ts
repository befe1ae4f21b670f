import { count } from "./words";

export const timeline = {
  timeline: {
    title: "Messages",
    empty: "No messages yet. What you write and send here stays with this visit.",
    loading: "Loading messages…",
    write: (name: string) => `Write to ${name}`,
    writePlain: "Write a message",
    text: "Message",
    send: "Send",
    picture: "Send a picture",
    pictureWord: "Picture",
    pictureFrom: "Send a picture",
    pictureHint: "JPEG, PNG or WebP, up to 20 MB. The place where it was taken is removed.",
    take: "Take a photo",
    choose: "Choose from this device",
    drop: "Let go to send the picture",
    stamp: (name: string, time: string) => `${name} ${time}`,
    sending: "Sending…",
    waiting: "Will be sent as soon as the line is back",
    notSent: (why: string) => `Not sent. ${why}`,
    again: "Try again",
    remove: "Remove",
    stop: "Stop sending",
    progress: (sent: string, all: string) => `${sent} of ${all} MB sent`,
    progressLabel: "Picture sent so far",
    queued: "Waiting for the picture before it",
    paused: "The network is down. Sending goes on by itself when it is back.",
    checking: "Sent. The hospital is checking it…",
    /** Without a name: the reader's own. */
    pictureOf: (name: string | null, time: string) =>
      name === null ? `Your picture, ${time}` : `Picture from ${name}, ${time}`,
    enlarge: (name: string | null, time: string) =>
      name === null ? `Your picture, ${time}. Open it larger` : `Picture from ${name}, ${time}. Open it larger`,
    lost: "The picture could not be loaded. Tap to try again.",
    larger: "Larger",
    smaller: "Smaller",
    seen: (names: string) => `Seen by ${names}`,
    arrived: "Delivered",
    typing: (names: string) => `${names} is writing…`,
    fresh: (n: number) => count(n, "new message", "new messages"),
    unread: (n: number) => `${n} new`,
    last: (name: string) => `Message from ${name}`,
    open: "Messages",
    openHint: "Write, or send a photo",
    lastPicture: "A picture",
    closeDrawer: "Close messages",
    keys: "Enter sends, Shift + Enter makes a new line.",
    long: (left: number) => `${left} characters left`,
    full: "Too much is waiting to be sent to add more. It will all be sent when the line is back.",
    refusal: {
      kind: "We cannot use this file. Please choose a JPEG, PNG or WebP picture.",
      size: "This picture is larger than 20 MB. Choose a smaller one, or take a photo of it.",
      empty: "This file is empty.",
      many: "Twenty pictures are already waiting. Please send the rest afterwards.",
    },
    /** What happened; with `mine` set, to or by the reader. */
    event: {
      joined: (name: string, mine: boolean) => (mine ? "You came in" : `${name} came in`),
      left: (name: string, mine: boolean) => (mine ? "You left" : `${name} left`),
      offered: (_name: string, _mine: boolean) => "A doctor was asked",
      accepted: (name: string, mine: boolean) =>
        mine ? "You opened the door" : name ? `${name} opened the door` : "The door was opened",
      confirmed: (name: string, mine: boolean) =>
        mine ? "You confirmed the name card" : `${name} confirmed the name card`,
      live: (_name: string, _mine: boolean) => "The visit began",
      again: (_name: string, _mine: boolean) => "The visit goes on",
      interrupted: (_name: string, _mine: boolean) => "The visit was interrupted",
      media_lost: (name: string, mine: boolean) =>
        mine
          ? "No sound got through to you; you go on in writing"
          : `No sound got through to ${name}; you go on in writing`,
      media_back: (name: string, mine: boolean) =>
        mine ? "Sound gets through to you again" : `Sound gets through to ${name} again`,
      picture_smaller: (name: string, mine: boolean) =>
        mine ? "Your picture goes out smaller" : `${name}’s picture is smaller`,
      picture_larger: (name: string, mine: boolean) =>
        mine ? "Your picture goes out larger again" : `${name}’s picture is larger again`,
      picture_stills: (name: string, mine: boolean) =>
        mine ? "A picture of you goes every few seconds" : `A picture of ${name} comes every few seconds`,
      picture_off: (name: string, mine: boolean) =>
        mine ? "Only your sound goes out" : `Only sound comes from ${name}`,
      picture_back: (name: string, mine: boolean) =>
        mine ? "Your moving picture goes out again" : `${name}’s moving picture is back`,
      sound_weak: (name: string, mine: boolean) =>
        mine ? "Your sound hardly gets through" : `Sound from ${name} hardly gets through`,
      moved: (name: string, mine: boolean) =>
        mine
          ? "You moved to another device"
          : name
            ? `${name} moved to another device`
            : "The call was moved; it goes on",
      recording_asked: (name: string, mine: boolean) =>
        mine
          ? "You asked whether the visit may be recorded"
          : `${name || "The doctor"} asked whether the visit may be recorded`,
      recording_on: (_name: string, _mine: boolean) => "Everybody agreed. The recording began",
      recording_again: (_name: string, _mine: boolean) => "Everybody agreed. The recording goes on",
      recording_paused: (_name: string, _mine: boolean) => "The recording pauses: somebody new is asked first",
      recording_kept_paused: (_name: string, _mine: boolean) =>
        "Not everybody here wants to be recorded. The recording stays paused",
      recording_off: (_name: string, _mine: boolean) => "The recording ended",
      recording_declined: (_name: string, _mine: boolean) => "The visit goes on without a recording",
      recording_withdrawn: (_name: string, _mine: boolean) =>
        "The recording ended: somebody does not want it any more. The visit goes on",
      ended: (name: string, mine: boolean) =>
        mine ? "You ended the visit" : name ? `${name} ended the visit` : "The visit ended",
    },
  },
};
