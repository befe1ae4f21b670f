/** Under the call: who is in the room, and a link for one more, shown with its picture, copied or withdrawn. */

import { useEffect, useRef, useState } from "preact/hooks";
import { isLowered } from "../call/rung";
import { canAsk } from "../consent/status";
import { errorText, useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { LinkCreated, OpenLink, Person, SeatState } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { initials, personName } from "../ui/names";
import { Qr } from "../ui/qr";
import { CopyField } from "./copy-field";
import { RecordKey } from "./record";

type Guest = "companion" | "interpreter";

export function RoomStrip({ state, line }: { state: SeatState; line: Line }) {
  const t = useTexts();
  const { made, refused, make, withdraw } = useInvitation(state, line);
  const open = state.links.filter((each) => each.link !== made?.link.link && each.role !== "self");
  return (
    <section class="room-strip" aria-label={t.stage.people}>
      <ul class="people">
        {state.people.map((each) => (
          <PersonChip key={each.seat} person={each} me={each.seat === state.seat} />
        ))}
      </ul>
      <div class="row gap-s strip-tools">
        {canAsk(state.recording) && <RecordKey seat={state.seat} line={line} />}
        <InviteButton guest="companion" icon="user-plus" onPress={make} />
        <InviteButton guest="interpreter" icon="languages" onPress={make} />
      </div>
      <div class="strip-links" role="status">
        {refused !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{errorText(t, refused)}</span>
          </p>
        )}
        {made !== null && (
          <MadeLink
            key={made.link.path}
            role={made.role}
            link={made.link}
            onWithdraw={() => withdraw(made.link.link)}
          />
        )}
        {open.map((each) => (
          <OpenLinkRow key={each.link} link={each} onWithdraw={() => withdraw(each.link)} />
        ))}
      </div>
    </section>
  );
}

function useInvitation(state: SeatState, line: Line) {
  const [made, setMade] = useState<{ role: Guest; link: LinkCreated } | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const guests = state.people.filter((each) => each.role === made?.role).length;
  const before = useRef(guests);
  useEffect(() => {
    if (made !== null && guests > before.current) setMade(null); // somebody came by it: it opens nothing any more
    before.current = guests;
  }, [guests, made]);
  const make = async (role: Guest) => {
    setRefused(null);
    const reply = await line.send("link_create", { seat: state.seat, role });
    if (reply.ok) setMade({ role, link: reply.body });
    else setRefused(reply.error.code);
  };
  const withdraw = async (link: string) => {
    const reply = await line.send("link_revoke", { seat: state.seat, link });
    if (reply.ok && made?.link.link === link) setMade(null);
    if (!reply.ok) setRefused(reply.error.code);
  };
  return { made, refused, make, withdraw };
}

function PersonChip({ person, me }: { person: Person; me: boolean }) {
  const t = useTexts();
  const local = useLocal();
  const words = [
    me || person.role === "patient" ? null : t.roles[person.role],
    !person.present ? t.stage.away : isLowered(person.rung) ? t.call.inWriting : person.in_call ? null : t.stage.coming,
    person.in_call && !person.microphone ? t.stage.soundOff : null,
    person.in_call && !person.camera ? t.stage.pictureOff : null,
  ].filter((each) => each !== null);
  return (
    <li class="person" data-person={person.seat} data-in-call={person.in_call}>
      <span class="avatar avatar-xs" aria-hidden="true">
        {initials(local(person.name))}
      </span>
      <span>
        <strong>{me ? t.call.you : personName(t, local, person)}</strong>
        {words.length > 0 && <span class="second"> {words.join(t.listJoin)}</span>}
      </span>
      {!person.present && <Icon name="wifi-off" tone="amber" />}
    </li>
  );
}

interface InviteProps {
  guest: Guest;
  icon: "user-plus" | "languages";
  onPress(role: Guest): void;
}

function InviteButton({ guest, icon, onPress }: InviteProps) {
  const t = useTexts();
  const word = guest === "companion" ? t.stage.inviteCompanion : t.stage.inviteInterpreter;
  return (
    <button
      type="button"
      class="btn btn-small"
      data-invite={guest}
      aria-label={`${t.stage.invite}: ${word}`}
      onClick={() => onPress(guest)}
    >
      <Icon name={icon} />
      <span>{word}</span>
    </button>
  );
}

function MadeLink({ role, link, onWithdraw }: { role: Guest; link: LinkCreated; onWithdraw(): void }) {
  const t = useTexts();
  const address = location.origin + link.path;
  return (
    <div class="made-link">
      <Qr text={address} label={t.stage.qr} />
      <div class="stack gap-s grow">
        <CopyField
          id="link"
          label={t.stage.link[role]}
          text={address}
          hint={t.stage.until(timeOfDay(t, link.expires_at))}
        />
        <button type="button" class="btn btn-small" data-withdraw={link.link} onClick={onWithdraw}>
          {t.stage.withdraw}
        </button>
      </div>
    </div>
  );
}

function OpenLinkRow({ link, onWithdraw }: { link: OpenLink; onWithdraw(): void }) {
  const t = useTexts();
  return (
    <p class="row small">
      <span class="grow">{t.stage.open(t.roles[link.role as Guest], timeOfDay(t, link.expires_at))}</span>
      <button type="button" class="btn btn-small" data-withdraw={link.link} onClick={onWithdraw}>
        {t.stage.withdraw}
      </button>
    </p>
  );
}
