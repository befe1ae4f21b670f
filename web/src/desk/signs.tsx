/** The small signs beside a patient, each an icon and a word: how urgent, what link to expect, what was told that alarms. */

import { useTexts } from "../i18n";
import type { Expectation, Priority, RedFlag } from "../signal/messages";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";

export function Key({ name }: { name: string }) {
  return <kbd>{name}</kbd>;
}

export function PriorityBadge({ priority }: { priority: Priority }) {
  const t = useTexts();
  if (priority === "routine") return null;
  const urgent = priority === "emergency";
  return (
    <span class={urgent ? "badge badge-solid" : "badge badge-amber"}>
      <Icon name={urgent ? "siren" : "triangle-alert"} />
      {t.desk.priority[priority]}
    </span>
  );
}

export function RedFlags({ flags }: { flags: readonly RedFlag[] }) {
  const t = useTexts();
  return (
    <>
      {flags.map((flag) => (
        <span key={flag} class="badge badge-solid" data-red-flag={flag}>
          <Icon name="siren" />
          {t.desk.redFlags[flag]}
        </span>
      ))}
    </>
  );
}

export const EXPECT_ICON: Record<Expectation, IconName> = {
  clear: "video",
  small: "video",
  sound: "image",
  text: "message-square-text",
};

export function Expect({ expect, badge }: { expect: Expectation | null; badge?: boolean }) {
  const t = useTexts();
  if (expect === null) return null;
  return (
    <span class={badge ? "badge" : "link"} data-expect={expect}>
      <Icon name={EXPECT_ICON[expect]} />
      {t.desk.expect[expect]}
    </span>
  );
}
