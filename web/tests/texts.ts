/** All texts of a language, as the desk has them. */

import { en as patientEn } from "../src/i18n/en";
import { enDesk } from "../src/i18n/en-desk";
import { zh as patientZh } from "../src/i18n/zh";
import { zhDesk } from "../src/i18n/zh-desk";

export const en = { ...patientEn, ...enDesk };
export const zh = { ...patientZh, ...zhDesk };
