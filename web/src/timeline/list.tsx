/** Everything there is, in order, then what is still on its way. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { errorText, useLocal, useTexts } from "../i18n";
import type { Entry, EventCode, Person, QualityReason } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import type { IconName } from "../ui/icon-names";
import { personName } from "../ui/names";
import type { TimelineKeeper } from "./keeper";
import { PictureView, Thumbnail } from "./picture";
import type { Draft, TimelineState } from "./reducer";
import { Sending } from "./sending-picture";

interface ListProps {
  view: TimelineState;
  keeper: TimelineKeeper;
  people: readonly Person[];
  seat: string;
}

export function List({ view, keeper, people, seat }: ListProps) {
  const t = useTexts();
  const [shown, setShown] = useState<Entry | null>(null);
  const { entries, drafts, uploads } = view;
  const own = drafts.length + uploads.length;
  const scroll = useScroll(entries, own, seat);
  useLooking(keeper, view.complete, scroll.atEnd);
  const seen = lastSeen(entries, people, seat);
  const silent = own === 0 && entries.every((each) => each.kind === "event");
  return (
    <div class="talk-place">
      <div
        class="talk"
        role="log"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must be reachable by keyboard
        tabIndex={0}
        aria-label={t.timeline.title}
        ref={scroll.box}
        onScroll={scroll.onScroll}
        onLoadCapture={scroll.follow}
      >
        {entries.map((each) => (
          <Line key={each.number} entry={each} mine={each.seat === seat} seat={seat} onOpen={setShown}>
            {seen?.number === each.number && <Seen people={seen.people} />}
          </Line>
        ))}
        {silent && <p class="third talk-empty">{view.stale ? t.timeline.loading : t.timeline.empty}</p>}
        {drafts.map((each) => (
          <Unsent key={each.key} draft={each} keeper={keeper} up={view.lineUp} />
        ))}
        {uploads.map((each, index) => (
          <Sending key={each.key} upload={each} keeper={keeper} first={index === 0} />
        ))}
        <Typing view={view} people={people} />
      </div>
      {scroll.fresh > 0 && (
        <button type="button" class="btn talk-fresh" onClick={scroll.toEnd}>
          <Icon name="chevron-down" />
          <span>{t.timeline.fresh(scroll.fresh)}</span>
        </button>
      )}
      {shown !== null && <PictureView entry={shown} seat={seat} onClose={() => setShown(null)} />}
    </div>
  );
}

interface LineProps {
  entry: Entry;
  mine: boolean;
  seat: string;
  onOpen(entry: Entry): void;
  children?: preact.ComponentChildren;
}

function Line({ entry, mine, seat, onOpen, children }: LineProps) {
  const t = useTexts();
  const local = useLocal();
  const name = entry.name === null ? "" : personName(t, local, { role: entry.role ?? "companion", name: entry.name });
  const time = timeOfDay(t, entry.at);
  if (entry.kind === "event") return <Happened entry={entry} name={name} mine={mine} time={time} />;
  const who = mine ? t.call.you : name;
  return (
    <>
      <div class={mine ? "said said-me" : "said"} data-entry={entry.number} data-kind={entry.kind}>
        <small class="num">{t.timeline.stamp(who, time)}</small>
        {entry.text !== "" && <p class="said-text">{entry.text}</p>}
        {entry.picture !== null && (
          <Thumbnail
            picture={entry.picture}
            seat={seat}
            label={t.timeline.enlarge(mine ? null : name, time)}
            onOpen={() => onOpen(entry)}
          />
        )}
      </div>
      {children}
    </>
  );
}

const SIGNS: Record<NonNullable<Entry["code"]>, IconName> = {
  joined: "door-open",
  left: "log-out",
  offered: "bell",
  accepted: "door-open",
  confirmed: "check",
  live: "video",
  interrupted: "wifi-off",
  media_lost: "wifi-off",
  media_back: "check",
  picture_smaller: "signal-weak",
  picture_larger: "signal-good",
  picture_stills: "image",
  picture_off: "video-off",
  picture_back: "video",
  sound_weak: "message-square-text",
  moved: "phone",
  recording_asked: "circle-dot",
  recording_on: "circle-dot",
  recording_paused: "circle-pause",
  recording_off: "circle-stop",
  ended: "phone-off",
};

type EventWord = keyof ReturnType<typeof useTexts>["timeline"]["event"];

/** Which words tell of an event: some differ by its reason. */
function eventWord(code: EventCode, reason: string): EventWord {
  if (code === "live" && reason === "again") return "again";
  if (code === "recording_on" && reason === "again") return "recording_again";
  if (code === "recording_paused" && reason === "declined") return "recording_kept_paused";
  if (code === "recording_off" && reason === "declined") return "recording_declined";
  if (code === "recording_off" && reason === "withdrawn") return "recording_withdrawn";
  return code;
}

/** Events that say why in words of their own. */
const QUALITY: ReadonlySet<string> = new Set(["picture_smaller", "picture_stills", "picture_off", "sound_weak"]);

interface HappenedProps {
  entry: Entry;
  name: string;
  mine: boolean;
  time: string;
}

function Happened({ entry, name, mine, time }: HappenedProps) {
  const t = useTexts();
  if (entry.code === null) return null;
  const words = t.timeline.event[eventWord(entry.code, entry.reason)];
  const why = t.quality.because[entry.reason as QualityReason] ?? null;
  return (
    <p class="happened" data-entry={entry.number} data-code={entry.code}>
      <Icon name={SIGNS[entry.code]} />
      <span>
        <time class="num">{time}</time> {words(name, mine)}
        {why !== null && QUALITY.has(entry.code) && `${t.colon}${why}`}
      </span>
    </p>
  );
}

function Seen({ people }: { people: readonly Person[] }) {
  const t = useTexts();
  const local = useLocal();
  const names = people.map((each) => personName(t, local, each)).join(t.listJoin);
  return (
    <p class="happened said-seen" data-seen={people.length > 0}>
      <Icon name={people.length > 0 ? "check-check" : "check"} />
      <span>{people.length > 0 ? t.timeline.seen(names) : t.timeline.arrived}</span>
    </p>
  );
}

function Unsent({ draft, keeper, up }: { draft: Draft; keeper: TimelineKeeper; up: boolean }) {
  const t = useTexts();
  const words =
    draft.refused !== null
      ? t.timeline.notSent(errorText(t, draft.refused))
      : up
        ? t.timeline.sending
        : t.timeline.waiting;
  return (
    <div class="said said-me said-out" data-draft={draft.refused === null ? "waiting" : "refused"}>
      <small class="num">{t.timeline.stamp(t.call.you, timeOfDay(t, draft.at))}</small>
      <p class="said-text">{draft.text}</p>
      <small>{words}</small>
      {draft.refused !== null && <Choices keeper={keeper} draftKey={draft.key} />}
    </div>
  );
}

/** What can be done with something that was refused. */
export function Choices({ keeper, draftKey }: { keeper: TimelineKeeper; draftKey: string }) {
  const t = useTexts();
  return (
    <div class="said-choices">
      <button type="button" class="btn" onClick={() => keeper.happened({ type: "again", key: draftKey })}>
        <Icon name="rotate-ccw" />
        <span>{t.timeline.again}</span>
      </button>
      <button type="button" class="btn" onClick={() => keeper.happened({ type: "dropped", key: draftKey })}>
        {t.timeline.remove}
      </button>
    </div>
  );
}

function Typing({ view, people }: { view: TimelineState; people: readonly Person[] }) {
  const t = useTexts();
  const local = useLocal();
  const names = people.filter((each) => each.seat in view.typing).map((each) => personName(t, local, each));
  return <p class="talk-typing third">{names.length > 0 && t.timeline.typing(names.join(t.listJoin))}</p>;
}

/** One's own last entry, and who has seen it. Null when others wrote since: then it has been read, plainly. */
function lastSeen(entries: readonly Entry[], people: readonly Person[], seat: string) {
  const said = entries.filter((each) => each.kind !== "event").at(-1);
  if (said === undefined || said.seat !== seat || people.length === 0) return null;
  return { number: said.number, people: people.filter((each) => each.seat !== seat && each.read >= said.number) };
}

/** Tells what is in sight as read, while somebody can see it. */
function useLooking(keeper: TimelineKeeper, complete: number, atEnd: boolean): void {
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === "visible" && atEnd) keeper.happened({ type: "looked_at", number: complete });
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [keeper, complete, atEnd]);
}

const NEAR_PX = 48;

/** Follows the end unless somebody reads above; then it counts what is new. */
function useScroll(entries: readonly Entry[], own: number, seat: string) {
  const box = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const [seenTo, setSeenTo] = useState(0);
  const pinned = useRef(true);
  const last = entries.at(-1)?.number ?? 0;
  const toEnd = () => {
    pinned.current = true;
    setAtEnd(true);
    box.current?.scrollTo({ top: box.current.scrollHeight });
  };
  const onScroll = () => {
    const element = box.current;
    if (element === null) return;
    pinned.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    setAtEnd(pinned.current);
  };
  useLayoutEffect(() => {
    if (pinned.current) toEnd();
  }, [last]);
  useLayoutEffect(() => {
    if (own > 0) toEnd(); // what one writes oneself is always shown
  }, [own]);
  useEffect(() => {
    if (atEnd) setSeenTo(last);
  }, [atEnd, last]);
  useEffect(() => {
    const element = box.current;
    if (element === null || typeof ResizeObserver === "undefined") return;
    const watch = new ResizeObserver(() => pinned.current && element.scrollTo({ top: element.scrollHeight }));
    watch.observe(element); // a keyboard that opens takes half of the place
    return () => watch.disconnect();
  }, []);
  const fresh = atEnd ? 0 : entries.filter((each) => each.number > seenTo && each.seat !== seat).length;
  const follow = () => pinned.current && box.current?.scrollTo({ top: box.current.scrollHeight }); // a picture has come
  return { box, atEnd, fresh, toEnd, onScroll, follow };
}
