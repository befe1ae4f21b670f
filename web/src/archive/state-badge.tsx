/** A recording's state in a word and a sign. */

import { useTexts } from "../i18n";
import type { ArchiveLine, ArchiveState } from "../signal/messages";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";

const SIGNS: Record<ArchiveState, IconName> = {
  sealed: "lock",
  verified: "shield-check",
  uploading: "cloud-upload",
  held: "gavel",
  altered: "triangle-alert",
  due: "clock",
  destroyed: "eraser",
};

export function StateBadge({ state }: Pick<ArchiveLine, "state">) {
  const t = useTexts();
  const tone = state === "verified" ? " badge-teal" : state === "altered" || state === "due" ? " badge-amber" : "";
  return (
    <span class={`badge${tone}`} data-state={state}>
      <Icon name={SIGNS[state]} />
      <span>{t.archive.states[state]}</span>
    </span>
  );
}
