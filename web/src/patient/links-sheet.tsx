/** Links that this seat makes: to its own other device, or for one more person; those not used yet can be withdrawn. */

import { useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { OpenLink, SeatState } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Refusal } from "../ui/field";
import { Icon } from "../ui/icon";
import { LinkBox } from "../ui/link-box";
import { Sheet } from "../ui/screen";
import { type Making, useLink } from "./use-link";

interface SheetProps {
  state: SeatState;
  line: Line;
  onClose(): void;
}

export function MoveSheet({ state, line, onClose }: SheetProps) {
  const t = useTexts();
  const { made, again } = useLink(line, state.seat, "self");
  return (
    <Sheet sheet title={t.waiting.move.title} onClose={onClose}>
      <p class="second">{t.waiting.move.body}</p>
      <Made made={made} onAgain={again} id="move-link" label={t.waiting.move.label} qr={t.waiting.move.qr} />
      <Close onClose={onClose} />
    </Sheet>
  );
}

export function PeopleSheet({ state, line, onClose }: SheetProps) {
  const t = useTexts();
  const words = t.waiting.people;
  const [role, setRole] = useState<"companion" | "interpreter" | null>(null);
  const { made, again } = useLink(line, state.seat, role);
  const guests = state.links.filter((each) => each.role !== "self");
  return (
    <Sheet sheet title={words.title} onClose={onClose}>
      <p class="second">{words.body}</p>
      {role === null ? (
        <div class="actions-two">
          <button type="button" class="btn" data-invite="companion" onClick={() => setRole("companion")}>
            <Icon name="user-plus" />
            <span>{words.companion}</span>
          </button>
          <button type="button" class="btn" data-invite="interpreter" onClick={() => setRole("interpreter")}>
            <Icon name="languages" />
            <span>{words.interpreter}</span>
          </button>
        </div>
      ) : (
        <Made
          made={made}
          onAgain={again}
          id="guest-link"
          label={words.linkFor[role]}
          qr={words.qr}
          share={words.share}
        />
      )}
      {guests.length > 0 && <OpenLinks links={guests} seat={state.seat} line={line} />}
      <Close onClose={onClose} />
    </Sheet>
  );
}

function Close({ onClose }: { onClose(): void }) {
  const t = useTexts();
  return (
    <button type="button" class="btn btn-quiet btn-wide" data-close="" onClick={onClose}>
      {t.close}
    </button>
  );
}

interface MadeProps {
  made: Making;
  onAgain(): void;
  id: string;
  label: string;
  qr: string;
  share?: string;
}

function Made({ made, onAgain, id, label, qr, share }: MadeProps) {
  const t = useTexts();
  if (made === null) {
    return (
      <p class="second" role="status">
        {t.waiting.making}
      </p>
    );
  }
  if ("code" in made) {
    return (
      <div class="stack gap-m">
        <Refusal words={errorText(t, made.code)} />
        <button type="button" class="btn" onClick={onAgain}>
          {t.tryAgain}
        </button>
      </div>
    );
  }
  return (
    <>
      <LinkBox id={id} label={label} address={made.address} qr={qr} {...(share === undefined ? {} : { share })} />
      <p class="small second">{t.waiting.linkOnce(timeOfDay(t, made.link.expires_at))}</p>
    </>
  );
}

function OpenLinks({ links, seat, line }: { links: readonly OpenLink[]; seat: string; line: Line }) {
  const t = useTexts();
  const words = t.waiting.people;
  const [said, setSaid] = useState<string | null>(null);
  const revoke = async (link: string) => {
    const reply = await line.send("link_revoke", { seat, link });
    setSaid(reply.ok ? words.revoked : errorText(t, reply.error.code));
  };
  return (
    <section class="stack gap-s" aria-labelledby="open-links">
      <h3 id="open-links">{words.openTitle}</h3>
      <ul class="list">
        {links.map((each) => (
          <li key={each.link} class="row">
            <span class="grow">
              {words.linkFor[each.role]}
              <span class="third block">{words.until(timeOfDay(t, each.expires_at))}</span>
            </span>
            <button type="button" class="btn" data-revoke={each.link} onClick={() => revoke(each.link)}>
              {words.revoke}
            </button>
          </li>
        ))}
      </ul>
      <p class="small second" role="status">
        {said}
      </p>
    </section>
  );
}
