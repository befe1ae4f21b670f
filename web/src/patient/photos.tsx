/** Photos for the doctor, taken or chosen: the way up is the timeline's own. Shows what is on its way and what has come. */

import { useRef, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { PictureView, Thumbnail } from "../timeline/picture";
import { Sending } from "../timeline/sending-picture";
import { type Refusal, useTimeline } from "../timeline/use-timeline";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { useStore } from "../ui/store";
import "../ui/timeline.css";

const ACCEPT = "image/jpeg,image/png,image/webp";

interface PhotosProps {
  state: SeatState;
  line: Line;
  /** What is said while there is none. */
  none?: string;
}

export function Photos({ state, line, none }: PhotosProps) {
  const t = useTexts();
  const keeper = useTimeline(state, line, state.seat);
  const view = useStore(keeper.view);
  const [refusal, setRefusal] = useState<Refusal | null>(null);
  const [shown, setShown] = useState<number | null>(null);
  const taken = useRef<HTMLInputElement>(null);
  const chosen = useRef<HTMLInputElement>(null);
  const read = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement;
    const files = [...(input.files ?? [])];
    input.value = ""; // the same picture may be chosen again
    if (files.length > 0) setRefusal(keeper.sendAll(files));
  };
  const mine = view.entries.filter((each) => each.picture !== null && each.seat === state.seat);
  const open = mine.find((each) => each.number === shown);
  return (
    <div class="stack gap-m photos">
      <input ref={taken} type="file" accept={ACCEPT} capture="environment" hidden onChange={read} />
      <input ref={chosen} type="file" accept={ACCEPT} multiple hidden data-pictures="" onChange={read} />
      <div class="actions-two">
        <button type="button" class="btn" onClick={() => taken.current?.click()}>
          <Icon name="camera" />
          <span>{t.timeline.take}</span>
        </button>
        <button type="button" class="btn" onClick={() => chosen.current?.click()}>
          <Icon name="image" />
          <span>{t.timeline.choose}</span>
        </button>
      </div>
      <div role="status">
        {refusal !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{t.timeline.refusal[refusal]}</span>
          </p>
        )}
      </div>
      {mine.length > 0 && (
        <ul class="photo-list">
          {mine.map((entry) => (
            <li key={entry.number}>
              {entry.picture !== null && (
                <Thumbnail
                  picture={entry.picture}
                  seat={state.seat}
                  label={t.timeline.pictureOf(null, timeOfDay(t, entry.at))}
                  onOpen={() => setShown(entry.number)}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {none !== undefined && mine.length === 0 && view.uploads.length === 0 && (
        <p class="second" data-say="">
          {none}
        </p>
      )}
      {view.uploads.map((upload, index) => (
        <Sending key={upload.key} upload={upload} keeper={keeper} first={index === 0} />
      ))}
      {open !== undefined && <PictureView entry={open} seat={state.seat} onClose={() => setShown(null)} />}
    </div>
  );
}
