/** Beside the call: the patient and the reason, who is in the room, and a link for one more. */

import { useEffect, useRef, useState } from "preact/hooks";
import { errorText, useLocal, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { LinkCreated, Offer, Person, SeatState } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { ageOf, initials, personName } from "../ui/names";
import { PriorityBadge } from "./queue";

interface InRoomProps {
  state: SeatState;
  line: Line;
  request: Offer | null;
  others: readonly Person[];
}

export function InRoom({ state, line, request, others }: InRoomProps) {
  const t = useTexts();
  const local = useLocal();
  const patient = others.find((each) => each.role === "patient");
  const name = patient ? local(patient.name) : "";
  const year = request?.birth_year ?? null;
  return (
    <aside class="pane chart" aria-label={t.stage.who}>
      <div class="who">
        <span class="avatar avatar-sand" aria-hidden="true">
          {initials(name)}
        </span>
        <div class="grow">
          <h2>
            {name} {year !== null && <span class="second num who-age">{ageOf(year)}</span>}
          </h2>
          <p class="small second">{local(state.department)}</p>
        </div>
      </div>
      {request !== null && (
        <section class="side-part" aria-labelledby="reason">
          <h3 id="reason">{t.stage.reason}</h3>
          <p>{request.reason || t.desk.noReason}</p>
          <div>
            <PriorityBadge priority={request.priority} />
          </div>
        </section>
      )}
      <section class="side-part" aria-labelledby="people">
        <h3 id="people">{t.stage.people}</h3>
        <ul class="list people">
          {state.people.map((each) => (
            <PersonRow key={each.seat} person={each} me={each.seat === state.seat} />
          ))}
        </ul>
      </section>
      <Invite seat={state.seat} line={line} people={state.people} />
    </aside>
  );
}

function PersonRow({ person, me }: { person: Person; me: boolean }) {
  const t = useTexts();
  const local = useLocal();
  const words = [
    t.roles[person.role],
    !person.present ? t.stage.away : person.in_call ? null : t.stage.coming,
    person.in_call && !person.microphone ? t.stage.soundOff : null,
    person.in_call && !person.camera ? t.stage.pictureOff : null,
  ].filter((each) => each !== null);
  return (
    <li class="row" data-person={person.seat} data-in-call={person.in_call}>
      <span class="avatar avatar-s" aria-hidden="true">
        {initials(local(person.name))}
      </span>
      <span class="grow">
        <strong>{me ? t.call.you : personName(t, local, person)}</strong>
        <span class="small second block">{words.join(t.listJoin)}</span>
      </span>
      {!person.present && <Icon name="wifi-off" tone="amber" />}
    </li>
  );
}

type Guest = "companion" | "interpreter";

function Invite({ seat, line, people }: { seat: string; line: Line; people: readonly Person[] }) {
  const t = useTexts();
  const [made, setMade] = useState<{ role: Guest; link: LinkCreated } | null>(null);
  const [refused, setRefused] = useState<string | null>(null);
  const guests = people.filter((each) => each.role === made?.role).length;
  const before = useRef(guests);
  useEffect(() => {
    if (made !== null && guests > before.current) setMade(null); // somebody came by it: it opens nothing any more
    before.current = guests;
  }, [guests, made]);
  const make = async (role: Guest) => {
    setRefused(null);
    const reply = await line.send("link_create", { seat, role });
    if (reply.ok) setMade({ role, link: reply.body });
    else setRefused(reply.error.code);
  };
  return (
    <section class="side-part" aria-labelledby="invite">
      <h3 id="invite">{t.stage.invite}</h3>
      <p class="small second">{t.stage.inviteHint}</p>
      <div class="tools">
        <button type="button" class="btn" data-invite="companion" onClick={() => make("companion")}>
          <Icon name="user-plus" />
          <span>{t.stage.inviteCompanion}</span>
        </button>
        <button type="button" class="btn" data-invite="interpreter" onClick={() => make("interpreter")}>
          <Icon name="languages" />
          <span>{t.stage.inviteInterpreter}</span>
        </button>
      </div>
      <div role="status">
        {refused !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{errorText(t, refused)}</span>
          </p>
        )}
        {made !== null && <MadeLink key={made.link.path} role={made.role} link={made.link} />}
      </div>
    </section>
  );
}

function MadeLink({ role, link }: { role: Guest; link: LinkCreated }) {
  const t = useTexts();
  const field = useRef<HTMLInputElement>(null);
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const address = location.origin + link.path;
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(address); // not there without HTTPS
      setCopied("yes");
    } catch {
      setCopied(document.execCommand("copy") ? "yes" : "failed");
    }
  };
  return (
    <div class="made-link">
      <label for="link">{t.stage.link[role]}</label>
      <div class="row">
        <input
          ref={field}
          class="input grow"
          id="link"
          readOnly
          value={address}
          onFocus={(event) => event.currentTarget.select()}
        />
        <button type="button" class="btn" onClick={copy}>
          <Icon name={copied === "yes" ? "check" : "copy"} />
          <span>{copied === "yes" ? t.stage.copied : t.stage.copy}</span>
        </button>
      </div>
      <p class="hint">{copied === "failed" ? t.stage.copyFailed : t.stage.until(timeOfDay(t, link.expires_at))}</p>
    </div>
  );
}
