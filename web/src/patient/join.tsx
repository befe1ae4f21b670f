/** A companion or interpreter comes by a link: the token stands in the fragment, is sent once, and leaves the address. */

import { useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import { request } from "../signal/http";
import type { SeatGranted } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Room } from "../ui/room";
import { Heading, Top } from "../ui/screen";
import { Field } from "./walk-in";

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Taken out of the address at once: it must not stay in the history or in a copied link. */
function takeToken(): string | null {
  const token = location.hash.slice(1);
  if (location.hash !== "") history.replaceState(null, "", location.pathname);
  return TOKEN.test(token) ? token : null;
}

type Trouble = "gone" | "none" | null;

export function Join({ onSeat }: { onSeat(page: string): void }) {
  const t = useTexts();
  const [token] = useState(takeToken);
  const [name, setName] = useState("");
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const trouble: Trouble = token === null ? "none" : refused === "link_spent" ? "gone" : null;
  if (trouble !== null) return <NoWayIn trouble={trouble} />;
  const missing = name.trim() === "";
  const submit = async (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (missing) document.getElementById("name")?.focus();
    if (missing || busy) return;
    setBusy(true);
    setRefused(null);
    const reply = await request<SeatGranted>("POST", "/api/join", { token, name: name.trim() });
    setBusy(false);
    if (reply.ok) onSeat(reply.body.page);
    else setRefused(reply.error.code);
  };
  return (
    <form class="page" onSubmit={submit} noValidate>
      <Top title={t.product} />
      <main class="body stack gap-l" data-screen="join">
        <div class="chairs chairs-hero">
          <Room label={t.signIn.room} sitters={[{}]} />
        </div>
        <div class="stack gap-s">
          <Heading page={t.join.title}>{t.join.heading}</Heading>
          <p class="second">{t.join.body}</p>
        </div>
        <Field id="name" label={t.join.name} error={asked && missing ? t.join.nameMissing : null}>
          <input
            class="input"
            id="name"
            name="name"
            autocomplete="name"
            maxLength={80}
            value={name}
            aria-describedby="name-error"
            aria-invalid={asked && missing}
            aria-required="true"
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </Field>
        <p class="third">{t.join.once}</p>
      </main>
      <footer class="foot">
        <div role="status">
          {refused !== null && (
            <p class="error foot-error">
              <Icon name="triangle-alert" />
              <span>{errorText(t, refused)}</span>
            </p>
          )}
        </div>
        <button type="submit" class="btn btn-main btn-large btn-wide" aria-disabled={busy}>
          {busy ? t.join.entering : t.join.enter}
        </button>
      </footer>
    </form>
  );
}

function NoWayIn({ trouble }: { trouble: "gone" | "none" }) {
  const t = useTexts();
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack gap-l" data-screen="join-gone">
        <div class="chairs chairs-hero">
          <Room label={t.signIn.room} sitters={[]} />
        </div>
        <div class="stack gap-s" role="status">
          <Heading key={trouble} page={t.join.title}>
            {trouble === "gone" ? t.join.goneTitle : t.join.noneTitle}
          </Heading>
          <p class="second">{trouble === "gone" ? t.join.goneBody : t.join.noneBody}</p>
        </div>
      </main>
    </div>
  );
}
