import type { IconName } from "./icon-names";

/** A sign beside a word; screen readers hear the word. */
export function Icon({ name, tone }: { name: IconName; tone?: "teal" | "amber" | "red" }) {
  return (
    <svg class={tone ? `icon icon-${tone}` : "icon"} aria-hidden="true">
      <use href={`#${name}`} />
    </svg>
  );
}
