/** The other people: a picture each, or their initials and a word why there is none. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { Person, Role } from "../signal/messages";
import { Icon } from "../ui/icon";
import { initials, personName } from "../ui/names";
import { useStore } from "../ui/store";
import type { Streams } from "./peer";
import { blocked, forget, hear, play } from "./sound";

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

export function Faces({ people, streams }: { people: readonly Person[]; streams: ReadonlyMap<string, Streams> }) {
  const t = useTexts();
  return (
    <section class="faces" data-count={Math.min(people.length, 4)} aria-label={t.call.others}>
      {people.map((person) => (
        <Face key={person.seat} person={person} streams={streams.get(person.seat) ?? null} />
      ))}
    </section>
  );
}

function Face({ person, streams }: { person: Person; streams: Streams | null }) {
  const t = useTexts();
  const local = useLocal();
  const name = personName(t, local, person);
  const [shape, setShape] = useState<"none" | "wide" | "tall">("none");
  const picture = shape !== "none" && streams !== null && person.camera && person.in_call;
  return (
    <figure class="face" data-seat={person.seat} data-role={person.role} data-picture={picture}>
      <Picture stream={streams?.video ?? null} shown={picture} tall={shape === "tall"} name={name} onShape={setShape} />
      <Sound stream={streams?.audio ?? null} />
      {!picture && (
        <div class="faceless">
          <span class="avatar avatar-xl" aria-hidden="true">
            {initials(local(person.name))}
          </span>
          <p>{wordFor(t, person)}</p>
        </div>
      )}
      <figcaption class="tag">
        {!person.microphone && person.in_call && <Icon name="mic-off" />}
        <strong>{name}</strong>
        <span class="tag-role">{t.roles[person.role]}</span>
        {!person.microphone && person.in_call && <span class="sr">{t.stage.soundOff}</span>}
      </figcaption>
    </figure>
  );
}

function wordFor(t: ReturnType<typeof useTexts>, person: Person): string {
  if (!person.present) return t.call.goneShort;
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
