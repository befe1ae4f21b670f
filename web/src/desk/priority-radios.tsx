/** How urgent a waiting patient is: three radio buttons in a row, the one in force filled. */

import { useLocal, useTexts } from "../i18n";
import type { Priority, QueueLine } from "../signal/messages";

const ORDER: Priority[] = ["routine", "urgent", "emergency"];

export function PriorityRadios({ line, onPriority }: { line: QueueLine; onPriority(priority: Priority): void }) {
  const t = useTexts();
  const local = useLocal();
  return (
    <fieldset class="segments" data-priority={line.priority}>
      <legend class="sr">{t.triage.priorityOf(local(line.name))}</legend>
      {ORDER.map((priority) => (
        <label key={priority} class={`segment segment-${priority}`}>
          <input
            type="radio"
            name={`priority-${line.consultation}`}
            value={priority}
            checked={line.priority === priority}
            onChange={() => onPriority(priority)}
          />
          <span>{t.desk.priority[priority]}</span>
        </label>
      ))}
    </fieldset>
  );
}
