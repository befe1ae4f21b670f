/** The desk's page of figures about a call. */
export const flight = {
  flight: {
    open: "How was the line?",
    title: "How the call was carried",
    loading: "Fetching the figures…",
    failed: "The figures could not be fetched.",
    none: "There are no figures for this call: nobody was connected, or it began a moment ago.",
    measures: { rate: "Sent, kbit/s", loss: "Lost, %", delay: "There and back, ms", frozen: "Picture stood still, s" },
    figures: "The same in numbers",
    time: "Since the beginning",
    minute: (minutes: number) => `${Number.isInteger(minutes) ? minutes : minutes.toFixed(1)} min`,
  },
};
