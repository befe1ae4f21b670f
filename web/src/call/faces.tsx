/** The other people: a picture each, or their initials and a word why there is none. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { Clarity, Person, QualitySeen, Role } from "../signal/messages";
import { timeToTheSecond, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { initials, personName } from "../ui/names";
import { useStore } from "../ui/store";
import { routeSound } from "./chosen";
import type { Streams } from "./peer";
import { clarityOf, moves } from "./quality";
import { isLowered, STILL_MS } from "./rung";
import { blocked, forget, hear, play } from "./sound";
import type { Still } from "./stills";

/** The others in the order of their weight: the one somebody came for is first and gets the most room. */
export function othersOf(people: readonly Person[], me: string): Person[] {
  const mine = people.find((each) => each.seat === me)?.role;
  const order: Role[] =
    mine === "practitioner"
      ? ["patient", "interpreter", "companion", "practitioner"]
      : ["practitioner", "patient", "interpreter", "companion"];
  return people
    .filter((each) => each.seat !== me)
    .sort((a, b) => order.indexOf(a.role) - order.indexOf(b.role) || a.seat.localeCompare(b.seat));
}

interface FacesProps {
  people: readonly Person[];
  streams: ReadonlyMap<string, Streams>;
  stills: ReadonlyMap<string, Still>;
  quality: ReadonlyMap<string, QualitySeen>;
}

export function Faces({ people, streams, stills, quality }: FacesProps) {
  const t = useTexts();
  return (
    <section class="faces" data-count={Math.min(people.length, 4)} aria-label={t.call.others}>
      {people.map((person) => (
        <Face
          key={person.seat}
          person={person}
          streams={streams.get(person.seat) ?? null}
          still={stills.get(person.seat) ?? null}
          clarity={clarityOf(quality, person.seat)}
        />
      ))}
    </section>
  );
}

interface FaceProps {
  person: Person;
  streams: Streams | null;
  still: Still | null;
  clarity: Clarity | null;
}

function Face({ person, streams, still, clarity }: FaceProps) {
  const t = useTexts();
  const local = useLocal();
  const name = personName(t, local, person);
  const [shape, setShape] = useState<"none" | "wide" | "tall">("none");
  const coming = clarity === null || moves(clarity);
  const picture = shape !== "none" && streams !== null && person.camera && person.in_call && coming;
  const instead = picture || !person.present ? null : still;
  return (
    <figure
      class="face"
      data-seat={person.seat}
      data-role={person.role}
      data-picture={picture}
      data-quality={clarity ?? undefined}
      data-still={instead?.at}
    >
      <Picture stream={streams?.video ?? null} shown={picture} tall={shape === "tall"} name={name} onShape={setShape} />
      <Sound stream={streams?.audio ?? null} />
      {instead !== null && <StillPicture still={instead} name={name} />}
      {!picture && instead === null && (
        <div class="faceless">
          <span class="avatar avatar-xl" aria-hidden="true">
            {initials(local(person.name))}
          </span>
          <p>{person.in_call && !coming ? t.quality.noPicture : wordFor(t, person)}</p>
        </div>
      )}
      <figcaption class="tag">
        {!person.microphone && person.in_call && <Icon name="mic-off" />}
        <strong>{name}</strong>
        <span class="tag-role">{t.roles[person.role]}</span>
        {!person.microphone && person.in_call && <span class="sr">{t.call.muted}</span>}
      </figcaption>
    </figure>
  );
}

/** In place of moving pictures: the latest still, from when it is, and how long until the next. */
function StillPicture({ still, name }: { still: Still; name: string }) {
  const t = useTexts();
  const age = useServerNow(250) - still.at;
  const time = timeToTheSecond(t, still.at);
  const awaited = age < LATE_STILLS * STILL_S;
  return (
    <>
      <img class="still" src={still.address} alt={t.call.stillOf(name, time)} />
      <div class="still-tag">
        <span class="row gap-s">
          <Icon name="image" />
          <span class="num">{t.call.still(time)}</span>
        </span>
        {awaited && (
          <progress max={STILL_S} value={Math.min(STILL_S, Math.max(0, age))} aria-label={t.call.nextStill} />
        )}
      </div>
    </>
  );
}

/** Seconds between two stills, and how many may be late before none is awaited. */
const STILL_S = STILL_MS / 1_000;
const LATE_STILLS = 4;

function wordFor(t: ReturnType<typeof useTexts>, person: Person): string {
  if (!person.present) return t.call.goneShort;
  if (isLowered(person.rung)) return t.call.inWriting;
  if (!person.in_call) return t.call.joining;
  return person.camera ? t.call.connecting : t.call.noPicture;
}

interface PictureProps {
  stream: MediaStream | null;
  shown: boolean;
  tall: boolean;
  name: string;
  onShape(shape: "none" | "wide" | "tall"): void;
}

function Picture({ stream, shown, tall, name, onShape }: PictureProps) {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    onShape("none");
    element.srcObject = stream;
    if (stream !== null) void play(element);
    return () => forget(element);
  }, [stream]);
  const measure = () => {
    const { videoWidth, videoHeight } = video.current ?? { videoWidth: 0, videoHeight: 0 };
    if (videoWidth > 2) onShape(videoHeight > videoWidth ? "tall" : "wide"); // Chromium begins with 2 × 2
  };
  return (
    <video
      ref={video}
      class={tall ? "tall" : undefined}
      muted
      playsInline
      hidden={!shown}
      aria-label={name}
      onResize={measure}
      onLoadedData={measure}
      onPlaying={measure}
    />
  );
}

/** Sound in an element of its own: it must be heard even when no picture ever comes. */
function Sound({ stream }: { stream: MediaStream | null }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const element = audio.current;
    if (element === null) return;
    element.srcObject = stream;
    void routeSound(element);
    if (stream !== null) void play(element);
    return () => forget(element);
  }, [stream]);
  // biome-ignore lint/a11y/useMediaCaption: a live voice; captions are a feature of their own
  return <audio ref={audio} />;
}

/** Shown only when the browser wants a touch before it lets the page be heard. */
export function TapToHear() {
  const t = useTexts();
  const waiting = useStore(blocked);
  if (waiting.size === 0) return null;
  return (
    <button type="button" class="btn btn-main btn-large tap-to-hear" onClick={hear}>
      <Icon name="volume-2" />
      <span>{t.call.tapToHear}</span>
    </button>
  );
}
