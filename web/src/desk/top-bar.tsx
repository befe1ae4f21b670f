/** Above the desk: the hospital, finding, keys, duty by department, the clock, oneself. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { Department, StaffSession } from "../signal/messages";
import { timeOfDay, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { initials } from "../ui/names";
import { LanguageButton } from "../ui/screen";
import type { Duty } from "./use-duty";

interface TopBarProps {
  session: StaffSession;
  /** None for a coordinator, who is offered nobody. */
  duty: Duty | null;
  waitingIn(department: string): number;
  onFind(): void;
  onKeys(): void;
  onSignOut(): void;
}

export function TopBar({ session, duty, waitingIn, onFind, onKeys, onSignOut }: TopBarProps) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(5_000);
  const name = local(session.practitioner.name);
  return (
    <header class="desk-top" data-pane="top">
      <span class="brand">
        <Icon name="mark" />
        <span>{local(session.hospital)}</span>
      </span>
      {session.role === "practitioner" && (
        <nav class="places" aria-label={t.archive.places}>
          <a class="btn btn-quiet" href="/archive" target="_blank" rel="noopener">
            {t.archive.toArchive}
          </a>
        </nav>
      )}
      <span class="grow" />
      {duty !== null && <DutySwitch session={session} duty={duty} waitingIn={waitingIn} />}
      <time class="clock">{timeOfDay(t, now)}</time>
      <IconButton name="find" icon="search" word={t.desk.find} keys="Control+K" onPress={onFind} />
      <IconButton name="keys" icon="keyboard" word={t.desk.showKeys} keys="?" onPress={onKeys} />
      <LanguageButton />
      <span class="who-top">
        <span class="avatar avatar-s" aria-hidden="true">
          {initials(name)}
        </span>
        <span>{session.role === "practitioner" ? t.doctor(name) : name}</span>
      </span>
      <button type="button" class="btn btn-quiet" name="sign_out" aria-label={t.desk.signOut} onClick={onSignOut}>
        <Icon name="log-out" />
        <span class="out-word">{t.desk.signOut}</span>
      </button>
    </header>
  );
}

interface IconButtonProps {
  name: string;
  icon: "search" | "keyboard";
  word: string;
  keys: string;
  onPress(): void;
}

function IconButton({ name, icon, word, keys, onPress }: IconButtonProps) {
  return (
    <button
      type="button"
      class="btn btn-icon"
      name={name}
      aria-label={word}
      aria-keyshortcuts={keys}
      title={word}
      onClick={onPress}
    >
      <Icon name={icon} />
    </button>
  );
}

interface DutyProps {
  session: StaffSession;
  duty: Duty;
  waitingIn(department: string): number;
}

/** One switch for all departments, and behind an arrow one for each. */
function DutySwitch({ session, duty, waitingIn }: DutyProps) {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const all = session.departments.length;
  const on = duty.on.length;
  useDismissal(box, open, (byKey) => {
    setOpen(false);
    if (byKey) opener.current?.focus();
  });
  const word = on === 0 ? t.desk.offDuty : on === all ? t.desk.onDuty : t.desk.dutySome(on, all);
  return (
    <div class="duty-box" ref={box}>
      <label class="switch duty">
        <input
          type="checkbox"
          role="switch"
          name="duty"
          checked={on > 0}
          aria-label={t.desk.dutyAll}
          aria-keyshortcuts="D"
          onChange={duty.toggleAll}
        />
        <span>{word}</span>
      </label>
      {all > 1 && (
        <button
          type="button"
          ref={opener}
          class="btn btn-icon"
          name="duty_menu"
          aria-label={t.desk.dutyChoose}
          aria-expanded={open}
          aria-controls="duty-menu"
          onClick={() => setOpen(!open)}
        >
          <Icon name="chevron-down" />
        </button>
      )}
      <div id="duty-menu" class="duty-menu" hidden={!open}>
        <DutyList departments={session.departments} duty={duty} waitingIn={waitingIn} />
      </div>
    </div>
  );
}

interface DutyListProps {
  departments: readonly Department[];
  duty: Duty;
  waitingIn(department: string): number;
}

export function DutyList({ departments, duty, waitingIn }: DutyListProps) {
  const t = useTexts();
  const local = useLocal();
  return (
    <ul class="list">
      {departments.map((each) => {
        const on = duty.on.includes(each.id);
        return (
          <li class="row" key={each.id}>
            <span class="grow">
              <strong>{local(each.name)}</strong>
              <span class="small second block">
                {[t.desk.departmentWaiting(waitingIn(each.id)), t.desk.onNow(each.on_duty)].join(t.listJoin)}
              </span>
            </span>
            <label class="switch">
              <span class="small second">{on ? t.desk.onDuty : t.desk.offDuty}</span>
              <input
                type="checkbox"
                role="switch"
                data-department={each.id}
                checked={on}
                aria-label={local(each.name)}
                onChange={() => duty.toggle(each.id)}
              />
            </label>
          </li>
        );
      })}
    </ul>
  );
}

/** Closes a menu by Escape, by a press elsewhere and when focus goes elsewhere. */
function useDismissal(box: { current: HTMLElement | null }, open: boolean, close: (byKey: boolean) => void): void {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) latest.current(false);
    };
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || !box.current?.contains(document.activeElement)) return;
      event.stopPropagation();
      latest.current(true);
    };
    addEventListener("pointerdown", outside);
    addEventListener("focusin", outside);
    addEventListener("keydown", pressed, { capture: true });
    return () => {
      removeEventListener("pointerdown", outside);
      removeEventListener("focusin", outside);
      removeEventListener("keydown", pressed, { capture: true });
    };
  }, [open]);
}
