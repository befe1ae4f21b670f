/** 只有医生工作台才用的中文文案，患者页面不加载。 */

import type { PatientTexts, Texts } from "./en";
import { archive } from "./zh/archive";
import { chart } from "./zh/chart";
import { desk } from "./zh/desk";
import { flight } from "./zh/flight";
import { triage } from "./zh/triage";

export const zhDesk: Omit<Texts, keyof PatientTexts> = { ...archive, ...chart, ...desk, ...flight, ...triage };
