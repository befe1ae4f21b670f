/** The keys of the desk, as a list and as a sheet that `?` opens. */

import { type Texts, useTexts } from "../i18n";
import type { StaffSession } from "../signal/messages";
import { Sheet } from "../ui/screen";
import { Key } from "./signs";

type Role = StaffSession["role"];

function rowsFor(t: Texts, role: Role): [string[], string][] {
  const k = t.desk.keyList;
  const general: [string[], string][] = [
    [["F6"], k.panes],
    [["↑", "↓"], k.walk],
    [["Ctrl", "K"], k.find],
    [["?"], k.list],
  ];
  if (role === "coordinator") return [[["1"], k.routine], [["2"], k.urgent], [["3"], k.emergency], ...general];
  return [
    [[t.offer.enter], k.accept],
    [[t.offer.escape], k.decline],
    [["D"], k.duty],
    [["M"], k.mute],
    [["V"], k.camera],
    [["P"], k.photo],
    [["O"], k.open],
    [["Ctrl", t.offer.enter], k.end],
    ...general,
  ];
}

const SHORT = 5;

export function KeyList({ of, short }: { of: Role; short?: boolean }) {
  const t = useTexts();
  const rows = rowsFor(t, of);
  const shown = short ? [...rows.slice(0, SHORT), ...rows.slice(-1)] : rows;
  return (
    <dl class="keylist">
      {shown.map(([keys, words]) => (
        <div key={words}>
          <dt>
            {keys.map((key) => (
              <Key key={key} name={key} />
            ))}
          </dt>
          <dd>{words}</dd>
        </div>
      ))}
    </dl>
  );
}

export function KeysSheet({ of, onClose }: { of: Role; onClose(): void }) {
  const t = useTexts();
  return (
    <Sheet title={t.desk.keys} sheet={false} onClose={onClose}>
      <KeyList of={of} />
      {of === "practitioner" && <p class="small second">{t.desk.keysWriting}</p>}
      <div class="actions">
        <button type="button" class="btn" onClick={onClose}>
          {t.close}
        </button>
      </div>
    </Sheet>
  );
}
