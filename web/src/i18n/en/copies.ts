/** What a patient may ask of the archive after a visit. */

export const copies = {
  copies: {
    title: "The recording of this visit",
    body: "You may have a copy, or ask the hospital to erase it.",
    askCopy: "Ask for a copy",
    askErasure: "Ask for erasure",
    answers: {
      open: "Asked for. The hospital answers here.",
      granted: "Granted.",
      refused: "Not granted.",
    } as Record<string, string>,
  },
};
