/** After the visit: how it ended, in kind words, and what one can do now. */

import { useLocal, useTexts } from "../i18n";
import type { SeatState } from "../signal/messages";
import { Icon } from "../ui/icon";
import { personName } from "../ui/names";
import { Room } from "../ui/room";
import { Heading, Top } from "../ui/screen";
import { navigate } from "./path";
import { roleOf } from "./visit";

interface Ending {
  heading: string;
  body: string;
}

export function Goodbye({ state }: { state: SeatState }) {
  const t = useTexts();
  const local = useLocal();
  const role = roleOf(state);
  const ending = useEnding(state);
  const guest = role !== "patient";
  const done = state.ended_reason === "completed";
  return (
    <div class="page">
      <Top title={local(state.hospital)} />
      <main class="body stack gap-l" data-screen="goodbye" data-reason={state.ended_reason ?? "completed"}>
        <div class="chairs chairs-hero">
          <Room label={t.signIn.room} sitters={[]} />
        </div>
        <div class="stack gap-s">
          <Heading page={t.goodbye.title}>{ending.heading}</Heading>
          <p class="second">{ending.body}</p>
        </div>
        {!guest && (
          <section class="stack gap-m">
            <h2>{t.goodbye.next}</h2>
            <ul class="agreed">
              {done && (
                <li>
                  <Icon name="check" />
                  <span>{t.goodbye.doAsAgreed}</span>
                </li>
              )}
              <li>
                <Icon name="siren" tone="red" />
                <span>
                  {t.goodbye.worse}{" "}
                  <a href={`tel:${state.emergency_number}`}>{t.emergency.call(state.emergency_number)}</a>
                </span>
              </li>
              {done && (
                <li>
                  <Icon name="armchair" />
                  <span>
                    {t.goodbye.again} <NewVisitLink />
                  </span>
                </li>
              )}
            </ul>
            {done && <p class="third">{t.goodbye.closePage}</p>}
          </section>
        )}
      </main>
      {!guest && !done && (
        <footer class="foot">
          <button type="button" class="btn btn-main btn-large btn-wide" onClick={() => navigate("/")}>
            {t.goodbye.newVisit}
          </button>
        </footer>
      )}
    </div>
  );
}

function NewVisitLink() {
  const t = useTexts();
  return (
    <a
      href="/"
      onClick={(event) => {
        event.preventDefault();
        navigate("/");
      }}
    >
      {t.goodbye.newVisit}
    </a>
  );
}

function useEnding(state: SeatState): Ending {
  const t = useTexts();
  const local = useLocal();
  const words = t.goodbye;
  if (roleOf(state) !== "patient") return { heading: words.guestHeading, body: words.guestOver };
  switch (state.ended_reason) {
    case "patient_left":
      return state.live_since === null
        ? { heading: words.leftHeading, body: words.leftBody }
        : { heading: words.leftCallHeading, body: words.leftCallBody };
    case "cancelled":
      return { heading: words.cancelledHeading, body: words.cancelledBody };
    case "lapsed":
      return { heading: words.lapsedHeading, body: words.lapsedBody };
    case "wrong_person":
      return { heading: words.wrongHeading, body: words.wrongBody };
    case "completed":
    case null: {
      const me = state.people.find((each) => each.seat === state.seat);
      const doctor = state.people.find((each) => each.role === "practitioner");
      const minutes = Math.round(((state.ended_at ?? 0) - (state.live_since ?? state.ended_at ?? 0)) / 60);
      return {
        heading: me === undefined ? words.headingPlain : words.heading(local(me.name)),
        body: doctor === undefined ? words.over : words.spoke(personName(t, local, doctor), minutes),
      };
    }
    default:
      return state.ended_reason satisfies never;
  }
}

/** A guest who went out of their own accord, while the visit goes on. */
export function Left() {
  const t = useTexts();
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack gap-l" data-screen="left">
        <div class="chairs chairs-hero">
          <Room label={t.signIn.room} sitters={[]} />
        </div>
        <div class="stack gap-s">
          <Heading page={t.goodbye.title}>{t.goodbye.guestHeading}</Heading>
          <p class="second">{t.goodbye.guestBody}</p>
        </div>
      </main>
    </div>
  );
}
