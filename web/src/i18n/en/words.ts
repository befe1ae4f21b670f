/** How English counts. */

export const ordinals = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"];

export const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

/** Below so many kbit/s not even sound gets through: a number would say more than is known. */
export const LEAST_KBITS = 8;
