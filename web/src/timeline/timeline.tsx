/** The timeline as people see it: what everybody wrote, sent and what happened, and below it the place to write.
 * Stands in whatever place it is put and fills it; the list scrolls, the place to write stays. */

import { useEffect, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { Person, SeatState } from "../signal/messages";
import { Icon } from "../ui/icon";
import { useStore } from "../ui/store";
import "../ui/timeline.css";
import { Composer } from "./composer";
import { List } from "./list";
import { type Refusal, useTimeline } from "./use-timeline";

interface TimelineProps {
  /** Null where only the timeline is left of a consultation: then nobody's read marks are known. */
  state: SeatState | null;
  line: Line;
  seat: string;
  /** Whom one writes to, in the words of the place to write. */
  to?: string;
  /** Whether the place to write takes focus as it appears. */
  focus?: boolean;
}

export function Timeline({ state, line, seat, to, focus = false }: TimelineProps) {
  const t = useTexts();
  const keeper = useTimeline(state, line, seat);
  const view = useStore(keeper.view);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const drop = useDrop((files) => setRefusal(keeper.sendAll(files)));
  const people: readonly Person[] = state?.people ?? [];
  return (
    <section class="timeline" data-timeline={seat} data-last={view.complete} {...drop.handlers}>
      <List view={view} keeper={keeper} people={people} seat={seat} />
      <Composer keeper={keeper} view={view} to={to} focus={focus} refusal={refusal} onRefusal={setRefusal} />
      {drop.over && (
        <p class="drop-here" aria-hidden="true">
          <Icon name="image" />
          <span>{t.timeline.drop}</span>
        </p>
      )}
    </section>
  );
}

interface Drop {
  over: boolean;
  handlers: {
    onDragOver(event: DragEvent): void;
    onDragLeave(event: DragEvent): void;
    onDrop(event: DragEvent): void;
  };
}

function useDrop(onFiles: (files: File[]) => void): Drop {
  const [over, setOver] = useState(false);
  useEffect(() => {
    if (!over) return;
    const end = () => setOver(false); // let go elsewhere
    addEventListener("dragend", end);
    addEventListener("drop", end);
    return () => {
      removeEventListener("dragend", end);
      removeEventListener("drop", end);
    };
  }, [over]);
  const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  return {
    over,
    handlers: {
      onDragOver(event) {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        setOver(true);
      },
      onDragLeave(event) {
        const to = event.relatedTarget;
        if (!(to instanceof Node) || !(event.currentTarget as Node).contains(to)) setOver(false);
      },
      onDrop(event) {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        setOver(false);
        onFiles([...(event.dataTransfer?.files ?? [])]);
      },
    },
  };
}
