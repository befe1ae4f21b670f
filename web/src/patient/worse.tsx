/** "I feel worse": the number first; the place is kept. */

import { useTexts } from "../i18n";
import { Icon } from "../ui/icon";
import { Sheet } from "../ui/screen";

export function Worse({ number, onClose }: { number: string; onClose(): void }) {
  const t = useTexts();
  return (
    <Sheet sheet title={t.emergency.sheetTitle} onClose={onClose}>
      <p>{t.emergency.sheetBody(number)}</p>
      <a class="btn btn-red btn-large btn-wide" href={`tel:${number}`}>
        <Icon name="phone" />
        <span>{t.emergency.call(number)}</span>
      </a>
      <p class="third">{t.emergency.keepPlace}</p>
      <button type="button" class="btn btn-wide" onClick={onClose}>
        {t.emergency.stay}
      </button>
    </Sheet>
  );
}
