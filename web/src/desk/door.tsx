/** Signed in or not: the door of the desk, and of the archive. */

import type { ComponentType } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { request } from "../signal/http";
import type { StaffSession } from "../signal/messages";
import { SignInPage } from "./sign-in";

type Door =
  | { at: "asking"; tries: number }
  | { at: "outside"; signedOut: boolean }
  | { at: "inside"; session: StaffSession };

export interface InsideProps {
  session: StaffSession;
  onSignOut(): void;
  onSignedOut(): void;
}

/** `Inside` is what stands behind the door. */
export function StaffDoor({ Inside }: { Inside: ComponentType<InsideProps> }) {
  const t = useTexts();
  const [door, setDoor] = useState<Door>({ at: "asking", tries: 0 });
  useEffect(() => {
    if (door.at !== "asking") return;
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    void request<StaffSession>("GET", "/api/staff/session").then((reply) => {
      if (over) return;
      if (reply.ok) setDoor({ at: "inside", session: reply.body });
      else if (["unreachable", "timeout", "fault"].includes(reply.error.code))
        timer = setTimeout(() => setDoor({ at: "asking", tries: door.tries + 1 }), 3_000);
      else setDoor({ at: "outside", signedOut: false });
    });
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [door]);
  const signedOut = useCallback(() => setDoor({ at: "outside", signedOut: true }), []);
  const signOut = useCallback(async () => {
    await request("DELETE", "/api/staff/session");
    setDoor({ at: "outside", signedOut: false });
  }, []);
  if (door.at === "inside") return <Inside session={door.session} onSignOut={signOut} onSignedOut={signedOut} />;
  if (door.at === "outside")
    return <SignInPage signedOut={door.signedOut} onSession={(session) => setDoor({ at: "inside", session })} />;
  return (
    <main class="desk-blank" data-screen="asking" aria-busy="true">
      <p role="status">{door.tries === 0 ? t.signIn.checking : t.errors.unreachable}</p>
    </main>
  );
}
