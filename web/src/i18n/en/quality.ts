export const quality = {
  quality: {
    noPicture: "Sound only: the line carries no picture now",
    /** In the sign beside the name: how the picture comes. */
    sign: {
      hd: "Connected",
      sd: "Good picture",
      low: "Small picture",
      stills: "Sound and stills",
      audio: "Sound only",
      text: "Sound is weak",
    },
    /** The same for one's own picture, where the other's is well. */
    ownSign: {
      hd: "Connected",
      sd: "Connected",
      low: "Your picture goes out small",
      stills: "Stills of you go out",
      audio: "Only your sound goes out",
      text: "Your sound is weak",
    },
    /** Why, after a colon. */
    because: {
      start: "the line carries less",
      bandwidth: "the line carries less now",
      loss: "much is lost on the way",
      delay: "the line has become slow",
      freezes: "the picture kept stopping",
      better: "the line is better",
    },
    notice: {
      stills: (name: string) => `${name} can be heard; a picture comes every few seconds.`,
      audio: (name: string) => `${name} can be heard, without a picture.`,
      text: (name: string) => `${name} can hardly be heard.`,
      ownStills: "You can be heard; a picture of you goes every few seconds.",
      ownAudio: "You can be heard, without a picture.",
      ownText: "You can hardly be heard.",
      body: "The line carries no more now. The moving picture comes back by itself.",
      write: "Write what matters; words get through. We keep trying by ourselves.",
    },
  },
};
