import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Entry } from "./entry";
import { Join } from "./join";
import { Opening } from "./opening";
import { navigate, usePath } from "./path";

const VISIT = /^\/visit\/([a-z]{1,4}_[a-z2-7]{16})\/?$/;

const loadVisit = () => import("./visit").then((module) => module.Visit);

export function PatientApp() {
  const path = usePath();
  const seat = VISIT.exec(path)?.[1];
  if (seat !== undefined) return <LoadedVisit key={seat} seat={seat} />;
  if (path.startsWith("/join")) return <Join onSeat={enter} />;
  return <Entry onSeat={enter} />;
}

/** Stays in this document, so that the touch that led here still counts for sound. */
function enter(page: string): void {
  void loadVisit(); // begins to load while the address changes
  navigate(page);
}

function LoadedVisit({ seat }: { seat: string }) {
  const [Visit, setVisit] = useState<ComponentType<{ seat: string }> | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    loadVisit().then(
      (component) => setVisit(() => component),
      () => {
        timer = setTimeout(() => setTries(tries + 1), 2_000);
      },
    );
    return () => clearTimeout(timer);
  }, [tries]);
  return Visit === null ? <Opening slow={tries > 0} /> : <Visit seat={seat} />;
}
