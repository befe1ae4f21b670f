/** Recording: asking for a yes, how it stands now, taking a yes back, and what one can do afterwards. */

export const recording = {
  recording: {
    state: {
      asked: "Asking to record",
      starting: "Recording is starting",
      on: "Recording",
      failed: "Recording failed",
      paused: "Recording paused",
      ending: "Recording is stopping",
    },
    open: "Show what I have agreed to",
    waitsFor: (names: string) => `waiting for ${names}`,
    pausedDeclined: "Somebody here has not agreed",
    failedWhy: {
      disk_full: "The server’s disk is full. Nothing is being recorded; we keep trying.",
      disk: "The server cannot write its recordings. Nothing is being recorded; we keep trying.",
      key: "The server does not have the right key. Nothing is being recorded; call whoever runs it.",
      other: "Nothing is being recorded; we keep trying.",
    },
    went: {
      all_yes: "Everyone has agreed. The visit is being recorded.",
      joined: "The recording is paused: somebody new is being asked.",
      declined: "Nothing is being recorded: not everyone agreed.",
      withdrawn: "A yes was taken back: the recording ends.",
      stopped: "The doctor has ended the recording.",
      ended: "The visit is over and the recording has ended.",
    },
    stop: "Stop",
    takeBack: "Take back",
    stopOwn: "Stop recording: I take my yes back",
    stopAll: "Stop the recording",
    giveUp: "Take back the question",
    answer: "Answer",
    failed: (why: string) => `That did not get through, and nothing has changed. ${why}`,

    ask: {
      title: "May we record this visit?",
      body: (name: string) =>
        `${name} would like to. It starts only when everyone here has said yes. If you say no, you are cared for just the same.`,
      titleJoined: "This visit is being recorded. May we record you too?",
      bodyJoined: "Nothing is recorded until you have answered. If you say no, recording stays off while you are here.",
      facts: [
        "You can stop it at any time, with one tap.",
        "It is stored encrypted, and you can see who has watched it.",
        "To record, the hospital’s server has to read sound and picture: the call is encrypted on its way, but not end to end.",
      ],
      erases: "If you take your yes back, what was recorded of you is destroyed.",
      keeps: "If you take your yes back, recording stops. What was recorded before is kept.",
      teaching: "It may also be used for teaching",
      teachingHint: "In this hospital. You can be recognised in it.",
      audioVideo: "Yes, sound and picture",
      audioOnly: "Yes, sound only",
      no: "No, do not record me",
      later: "Answer later",
    },

    own: {
      title: "My consent to recording",
      purpose: { audio_video: "Picture", audio_only: "Sound", teaching: "Use for teaching" },
      standing: {
        unasked: "Not asked",
        asked: "Not answered yet",
        given: "You said yes",
        declined: "You said no",
        withdrawn: "You took your yes back",
      },
      noPicture: "Record only my sound from now on",
      noTeaching: "No longer use it for teaching",
    },

    start: {
      key: "Record",
      title: "Ask to record this visit?",
      body: "Everyone in the room is asked. It starts only when all have said yes; your asking counts as your own yes.",
      what: "What may be recorded of you",
      own: { audio_video: "My sound and picture", audio_only: "My sound only" },
      teaching: "Ask also whether it may be used for teaching",
      facts: [
        "Anyone can stop it at any time.",
        "The server then reads sound and picture: the call is encrypted on its way, but not end to end.",
      ],
      send: "Ask everyone",
      cancel: "Not now",
    },

    after: {
      title: "Recording of this visit",
      recorded: "This visit was recorded, with your consent.",
      notRecorded: "Nothing of you is kept as a recording.",
      withdraw: "Withdraw my consent",
      withdrawHint: "At any time, without giving a reason",
      withdrawTitle: "Withdraw your consent to the recording?",
      withdrawErases: "What was recorded of you is then destroyed for good. Your treatment is not affected.",
      withdrawKeeps:
        "From then on nobody may use it for teaching or record more of you. What was recorded before stays in your record, as the law may require. Your treatment is not affected.",
      withdrawYes: "Withdraw",
      withdrawNo: "Keep it",
      withdrawn: "Your consent is withdrawn.",
      ask: {
        copy: {
          button: "Ask for a copy",
          hint: "The hospital decides and answers here",
          asked: (time: string) => `You asked for a copy at ${time}`,
        },
        erasure: {
          button: "Ask to have it erased",
          hint: "The hospital checks whether the law allows it",
          asked: (time: string) => `You asked for erasure at ${time}`,
        },
      },
      answers: {
        open: "Not answered yet. Look here again within the day, or phone the hospital.",
        granted: "The hospital agrees.",
        refused: "The hospital does not agree.",
      },
    },
  },
};
