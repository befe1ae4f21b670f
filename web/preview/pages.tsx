import type { ComponentChild } from "preact";
import { callPages } from "./call-pages";
import { consentPages } from "./consent-pages";
import { deskPages } from "./desk-pages";
import { patientPages } from "./patient-pages";

export const pages = (zh: boolean): Record<string, () => ComponentChild> => ({
  ...patientPages(zh),
  ...callPages(zh),
  ...consentPages(zh),
  ...deskPages(zh),
});
