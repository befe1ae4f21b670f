import { lazily } from "../ui/lazy";
import { Entry } from "./entry";
import { Join } from "./join";
import { Opening } from "./opening";
import { navigate, usePath } from "./path";
import { Reissue } from "./reissue";

const VISIT = /^\/visit\/([a-z]{1,4}_[a-z2-7]{16})\/?$/;

const Visit = lazily<{ seat: string }>(() => import("./visit").then((module) => module.Visit), Opening);

export function PatientApp() {
  const path = usePath();
  const seat = VISIT.exec(path)?.[1];
  if (seat !== undefined) return <Visit key={seat} seat={seat} />;
  if (/^\/join\/?$/.test(path)) return <Join onSeat={enter} />;
  if (path !== "/") return <Reissue reason="nowhere" />;
  return <Entry onSeat={enter} />;
}

/** Stays in this document, so that the touch that led here still counts for sound. */
function enter(page: string): void {
  Visit.preload(); // begins to load while the address changes
  navigate(page);
}
