/** What a patient may write on the form. Decides what is wrong with it; the words are i18n's. */

export const OLDEST_YEAR = 1890;

/** As the server takes it. */
const EMAIL = /^[^@\s]{1,64}@[^@\s]{1,189}$/;

export interface Draft {
  name: string;
  birthYear: string;
  reason: string;
  email: string;
}

export interface Faults {
  name: boolean;
  birthYear: boolean;
  email: boolean;
}

export function faultsOf(draft: Draft, thisYear: number): Faults {
  const year = draft.birthYear.trim();
  return {
    name: draft.name.trim() === "",
    birthYear: year !== "" && !(/^\d{4}$/.test(year) && Number(year) >= OLDEST_YEAR && Number(year) <= thisYear),
    email: draft.email.trim() !== "" && !isEmail(draft.email),
  };
}

export const isEmail = (text: string): boolean => EMAIL.test(plainEmail(text));

/** The full-width sign and dot of a Chinese keyboard become plain ones; nobody means a space in an address. */
export const plainEmail = (text: string): string =>
  text
    .replace(/＠/g, "@")
    .replace(/[。．]/g, ".")
    .replace(/\s/g, "");

/** Full-width digits, as a Chinese keyboard may give, become plain ones. */
export const plainDigits = (text: string): string =>
  text.replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0));
