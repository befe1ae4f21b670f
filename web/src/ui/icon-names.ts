/** The icons in use. The build puts exactly these into each page's sprite (vite.config.ts); a test keeps the list true. */
export const LUCIDE = [
  "a-large-small",
  "armchair",
  "check",
  "chevron-right",
  "arrow-left",
  "clock",
  "copy",
  "door-open",
  "languages",
  "log-out",
  "mic",
  "mic-off",
  "phone",
  "phone-off",
  "pill",
  "battery-medium",
  "siren",
  "sun",
  "triangle-alert",
  "user-plus",
  "users",
  "video",
  "video-off",
  "volume-2",
  "wifi-off",
  "lock",
  "bell",
  "hospital",
  "stethoscope",
] as const;

/** Drawn by us (icons/). */
export const OURS = ["mark", "signal-good", "signal-weak"] as const;

export type IconName = (typeof LUCIDE)[number] | (typeof OURS)[number];
