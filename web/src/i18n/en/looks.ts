/** The patient's own access log: who of the hospital looked at what, when and why. */

export const looks = {
  looks: {
    open: "Who has read my record?",
    hint: "Everyone of the hospital who opened it, when and why",
    title: "Who has read my record",
    body: "The hospital cannot change or delete anything in this list. The latest comes first.",
    loading: "Looking through the hospital’s log…",
    none: "Nobody has opened it yet.",
    more: "There were more before these. The hospital can give you the whole list.",
    failed: (why: string) => `The list could not be loaded. ${why}`,
    act: {
      offer_shown: "Was shown your name and reason",
      visit_taken: "Took your visit",
      record_read: "Read the notes",
      record_written: "Wrote in the notes",
      triaged: "Set how urgent your visit is",
      recording_played: "Watched the recording",
      recording_checked: "Checked that the recording is unchanged",
      recording_described: "Entered the recording in the record system",
      copy_made: "Had a copy of the recording made",
      copy_fetched: "Took a copy of the recording",
      recording_held: "Kept the recording from being destroyed",
      recording_classified: "Changed for how long the recording is kept",
    },
    why: {
      treatment: "to treat you",
      patient_request: "because you asked for it",
      complaint: "because of a complaint",
      quality: "to review quality",
      teaching: "for teaching",
      legal: "for a legal matter",
    } as Record<string, string>,
    when: (day: string, time: string) => `${day}, ${time}`,
  },
};
