/** The patient's entry: which hospital, which department, who is coming. One question to a screen; Back always works. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import { request } from "../signal/http";
import type { Department, Hospital, HospitalList } from "../signal/messages";
import { Icon } from "../ui/icon";
import { Room } from "../ui/room";
import { EmergencyNote, Heading, Note, ReadAloud, Top } from "../ui/screen";
import { heldVisit } from "./held";
import { navigate, useQuery } from "./path";
import { WalkInForm } from "./walk-in";

const RETRY_S = [3, 5, 10, 20, 30];
/** Who is on duty changes while somebody hesitates. */
const REFRESH_MS = 15_000;

type Loaded = { hospitals: Hospital[] } | { failedTimes: number } | null;

export function Entry({ onSeat }: { onSeat(page: string): void }) {
  const { loaded, load } = useHospitals();
  const query = new URLSearchParams(useQuery());
  if (loaded === null || "failedTimes" in loaded) {
    return <Unreached failedTimes={loaded === null ? 0 : loaded.failedTimes} onRetry={load} />;
  }
  const only = loaded.hospitals.length === 1 ? loaded.hospitals[0] : undefined;
  const hospital = loaded.hospitals.find((each) => each.id === query.get("hospital")) ?? only;
  if (hospital === undefined) return <ChooseHospital hospitals={loaded.hospitals} />;
  const department = hospital.departments.find((each) => each.id === query.get("department"));
  if (department === undefined) return <ChooseDepartment hospital={hospital} single={only !== undefined} />;
  return <WalkInForm hospital={hospital} department={department} onSeat={onSeat} />;
}

function useHospitals() {
  const [loaded, setLoaded] = useState<Loaded>(null);
  const load = useCallback(async () => {
    const reply = await request<HospitalList>("GET", "/api/hospitals");
    setLoaded((before) => {
      if (reply.ok) return { hospitals: reply.body.hospitals };
      if (before !== null && "hospitals" in before) return before; // what was known is better than nothing
      return { failedTimes: (before?.failedTimes ?? 0) + 1 };
    });
  }, []);
  useEffect(() => {
    void load();
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") void load();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, [load]);
  return { loaded, load };
}

function Unreached({ failedTimes, onRetry }: { failedTimes: number; onRetry(): void }) {
  const t = useTexts();
  const pause = RETRY_S[Math.min(failedTimes, RETRY_S.length) - 1] ?? 0;
  const left = useCountdown(pause, failedTimes, onRetry);
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack" data-screen="entry" aria-busy={failedTimes === 0}>
        <Hero />
        <Heading page={t.entry.title}>{t.entry.heading}</Heading>
        {failedTimes === 0 ? (
          <p class="second" role="status">
            {t.entry.looking}
          </p>
        ) : (
          <Note tone="amber" icon="wifi-off" title={t.entry.unreachableTitle} live>
            <p>{t.entry.unreachableBody(left)}</p>
            <button type="button" class="btn note-btn" onClick={onRetry}>
              {t.tryAgain}
            </button>
          </Note>
        )}
      </main>
    </div>
  );
}

function useCountdown(from: number, round: number, onZero: () => void): number {
  const [left, setLeft] = useState(from);
  useEffect(() => {
    if (from === 0) return;
    const end = Date.now() + from * 1000;
    setLeft(from);
    const timer = setInterval(() => {
      const rest = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      setLeft(rest);
      if (rest > 0) return;
      clearInterval(timer);
      onZero();
    }, 500);
    return () => clearInterval(timer);
  }, [from, round]);
  return left;
}

function Hero() {
  const t = useTexts();
  return (
    <div class="chairs chairs-hero">
      <Room label={t.emptyRoom} sitters={[]} />
    </div>
  );
}

function ChooseHospital({ hospitals }: { hospitals: Hospital[] }) {
  const t = useTexts();
  const local = useLocal();
  const held = heldVisit();
  const number = hospitals[0]?.emergency_number;
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack gap-l" data-screen="entry">
        <Hero />
        <div class="stack gap-s">
          <Heading page={t.entry.title}>{t.entry.heading}</Heading>
          <p class="second">{hospitals.length === 0 ? t.entry.noneBody : t.entry.intro}</p>
        </div>
        <ReadAloud />
        {held !== null && <Held page={held} />}
        {hospitals.length === 0 ? (
          <Note tone="amber" icon="hospital" title={t.entry.noneTitle} />
        ) : (
          <ul class="picks" aria-label={t.entry.hospitals}>
            {hospitals.map((each) => {
              const doctors = each.departments.reduce((sum, department) => sum + department.on_duty, 0);
              return (
                <Pick
                  key={each.id}
                  id={each.id}
                  to={`/?hospital=${each.id}`}
                  name={local(each.name)}
                  words={t.entry.onDuty(doctors)}
                  open={doctors > 0}
                />
              );
            })}
          </ul>
        )}
        <LostLink />
        {number && <EmergencyNote number={number} />}
      </main>
    </div>
  );
}

function ChooseDepartment({ hospital, single }: { hospital: Hospital; single: boolean }) {
  const t = useTexts();
  const local = useLocal();
  const held = heldVisit();
  return (
    <div class="page">
      <Top title={local(hospital.name)} />
      <main class="body stack gap-l" data-screen="entry-department">
        {single && <Hero />}
        {!single && <BackLink to="/" />}
        <div class="stack gap-s">
          <Heading page={local(hospital.name)}>{t.entry.departmentHeading}</Heading>
          <p class="second">{t.entry.departmentIntro}</p>
        </div>
        <ReadAloud />
        {single && held !== null && <Held page={held} />}
        <ul class="picks" aria-label={t.entry.departments}>
          {hospital.departments.map((each) => (
            <Pick
              key={each.id}
              id={each.id}
              to={`/?hospital=${hospital.id}&department=${each.id}`}
              name={local(each.name)}
              words={dutyWords(t, each)}
              open={each.on_duty > 0}
            />
          ))}
        </ul>
        {single && <LostLink />}
        <EmergencyNote number={hospital.emergency_number} />
      </main>
    </div>
  );
}

export const dutyWords = (t: ReturnType<typeof useTexts>, department: Department): string =>
  t.entry.duty(t.entry.onDuty(department.on_duty), t.entry.waiting(department.waiting));

interface PickProps {
  id: string;
  to: string;
  name: string;
  words: string;
  open: boolean;
}

function Pick({ id, to, name, words, open }: PickProps) {
  return (
    <li>
      <a class="pick" href={to} data-pick={id} onClick={(event) => follow(event, to)}>
        <span class="grow">
          <strong>{name}</strong>
          <span class={open ? "pick-words pick-open" : "pick-words"}>
            <Icon name={open ? "stethoscope" : "clock"} />
            <span>{words}</span>
          </span>
        </span>
        <Icon name="chevron-right" />
      </a>
    </li>
  );
}

export function BackLink({ to }: { to: string }) {
  const t = useTexts();
  return (
    <a class="back" href={to} onClick={(event) => follow(event, to)}>
      <Icon name="arrow-left" />
      <span>{t.back}</span>
    </a>
  );
}

function Held({ page }: { page: string }) {
  const t = useTexts();
  return (
    <Note tone="teal" icon="armchair" title={t.entry.heldTitle}>
      <p>{t.entry.heldBody}</p>
      <a class="btn note-btn" href={page} onClick={(event) => follow(event, page)}>
        {t.entry.heldGo}
      </a>
    </Note>
  );
}

function LostLink() {
  const t = useTexts();
  return (
    <a class="back" href="/join" onClick={(event) => follow(event, "/join")}>
      {t.entry.lostLink}
    </a>
  );
}

/** A link that stays in this document, unless somebody wants it in another window. */
export function follow(event: MouseEvent, to: string): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  navigate(to);
}
