/** Remembers that this device holds a place, so that a lost page is one press away. The address grants nothing. */

import { keep, recall } from "../i18n";

const KEY = "consilium.visit";
const PAGE = /^\/visit\/[a-z]{1,4}_[a-z2-7]{16}$/;

export function heldVisit(): string | null {
  const page = recall(KEY);
  return page !== null && PAGE.test(page) ? page : null;
}

export const holdVisit = (page: string): void => keep(KEY, page);
export const dropVisit = (): void => keep(KEY, null);
