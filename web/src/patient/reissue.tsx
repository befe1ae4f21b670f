/** A link is lost, spent or cut off: here a new one is sent to the address on file. Never a dead end, and never says
 * whether an address is known. */

import { useState } from "preact/hooks";
import { errorText, language, useTexts } from "../i18n";
import { request } from "../signal/http";
import { EmailField, Refusal } from "../ui/field";
import { Icon } from "../ui/icon";
import { Room } from "../ui/room";
import { Heading, Note, ReadAloud, Top } from "../ui/screen";
import { follow } from "./entry";
import { isEmail, plainEmail } from "./fields";
import { heldVisit } from "./held";

/** `seat`: this browser holds the seat no more. `nowhere`: the address is none of ours. */
export type Lost = "spent" | "none" | "seat" | "nowhere";

export function Reissue({ reason }: { reason: Lost }) {
  const t = useTexts();
  const [email, setEmail] = useState("");
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);
  const [sent, setSent] = useState(false);
  const held = reason === "seat" ? null : heldVisit();
  const wrong = !isEmail(email);
  const submit = async (event: Event) => {
    event.preventDefault();
    setAsked(true);
    if (wrong) document.getElementById("email")?.focus();
    if (wrong || busy) return;
    setBusy(true);
    setRefused(null);
    const reply = await request("POST", "/api/links", { email: plainEmail(email), language: language.get() });
    setBusy(false);
    if (reply.ok) setSent(true);
    else setRefused(errorText(t, reply.error.code));
  };
  if (sent) return <Sent address={plainEmail(email)} onAnother={() => setSent(false)} />;
  const words = {
    spent: { heading: t.reissue.spentHeading, body: t.reissue.spentBody },
    none: { heading: t.reissue.noneHeading, body: t.reissue.noneBody },
    seat: { heading: t.reissue.seatHeading, body: t.reissue.seatBody },
    nowhere: { heading: t.reissue.nowhereHeading, body: t.reissue.nowhereBody },
  }[reason];
  return (
    <form class="page" onSubmit={submit} noValidate>
      <Top title={t.product} />
      <main class="body stack gap-l" data-screen="reissue" data-reason={reason}>
        <Hero />
        <div class="stack gap-s">
          <Heading key={reason} page={t.reissue.page}>
            {words.heading}
          </Heading>
          <p class="second" data-say="">
            {words.body}
          </p>
        </div>
        <ReadAloud />
        {held !== null && (
          <Note tone="teal" icon="armchair" title={t.reissue.held}>
            <a class="btn note-btn" href={held} onClick={(event) => follow(event, held)}>
              {t.reissue.heldGo}
            </a>
          </Note>
        )}
        <EmailField
          label={t.reissue.email}
          hint={t.reissue.emailHint}
          error={asked && wrong ? t.reissue.emailWrong : null}
          value={email}
          required
          onWrite={setEmail}
        />
        <Else />
      </main>
      <footer class="foot">
        <Refusal words={refused} />
        <button type="submit" class="btn btn-main btn-large btn-wide" aria-disabled={busy}>
          {busy ? t.reissue.sending : t.reissue.send}
        </button>
      </footer>
    </form>
  );
}

function Sent({ address, onAnother }: { address: string; onAnother(): void }) {
  const t = useTexts();
  return (
    <div class="page">
      <Top title={t.product} onBack={onAnother} />
      <main class="body stack gap-l" data-screen="reissue-sent">
        <Hero />
        <div class="stack gap-s">
          <Heading page={t.reissue.page}>{t.reissue.sentHeading}</Heading>
          <p data-say="">{t.reissue.sentBody(address)}</p>
          <p class="second small">{t.reissue.sentWhy}</p>
        </div>
        <ReadAloud />
        <button type="button" class="btn btn-wide" onClick={onAnother}>
          {t.reissue.another}
        </button>
        <Else />
      </main>
    </div>
  );
}

function Else() {
  const t = useTexts();
  return (
    <section class="stack gap-m" aria-labelledby="else">
      <h2 id="else">{t.reissue.elseTitle}</h2>
      <ul class="agreed">
        <li>
          <Icon name="armchair" />
          <span>
            <a href="/" onClick={(event) => follow(event, "/")}>
              {t.reissue.newPlace}
            </a>
            <span class="small second block">{t.reissue.newPlaceBody}</span>
          </span>
        </li>
        <li>
          <Icon name="phone" />
          <span>{t.reissue.phone}</span>
        </li>
        <li>
          <Icon name="users" />
          <span>{t.reissue.guest}</span>
        </li>
      </ul>
    </section>
  );
}

function Hero() {
  const t = useTexts();
  return (
    <div class="chairs chairs-hero">
      <Room label={t.emptyRoom} sitters={[]} />
    </div>
  );
}
