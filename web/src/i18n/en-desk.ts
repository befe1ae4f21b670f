/** The English texts that only the desk needs: no patient loads them. */

import { archive } from "./en/archive";
import { chart } from "./en/chart";
import { desk } from "./en/desk";
import { flight } from "./en/flight";
import { triage } from "./en/triage";

export const enDesk = { ...archive, ...chart, ...desk, ...flight, ...triage };
