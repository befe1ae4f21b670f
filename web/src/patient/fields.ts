/** What a patient may write on the form. Decides what is wrong with it; the words are i18n's. */

export const OLDEST_YEAR = 1890;

export interface Draft {
  name: string;
  birthYear: string;
  reason: string;
}

export interface Faults {
  name: boolean;
  birthYear: boolean;
}

export function faultsOf(draft: Draft, thisYear: number): Faults {
  const year = draft.birthYear.trim();
  return {
    name: draft.name.trim() === "",
    birthYear: year !== "" && !(/^\d{4}$/.test(year) && Number(year) >= OLDEST_YEAR && Number(year) <= thisYear),
  };
}

/** Full-width digits, as a Chinese keyboard may give, become plain ones. */
export const plainDigits = (text: string): string =>
  text.replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0));
