/** The player: everybody's picture in step, one bar for the time, and what was written beside it at the right moments. */

import { useEffect, useRef } from "preact/hooks";
import { Key } from "../desk/signs";
import { useLocal, useTexts } from "../i18n";
import type { PlayGranted, PlayPerson, StaffSession } from "../signal/messages";
import { stopwatch, timeOfDay, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { initials } from "../ui/names";
import { Note } from "../ui/screen";
import { Lines } from "./lines";
import { TrackChart } from "./track-chart";
import { gapAt, nextSpeed, segmentAt, tracksOf } from "./tracks";
import { type Playback, usePlayback } from "./use-playback";
import { faultText, isoDay, nameOf } from "./words";

interface PlayerProps {
  play: PlayGranted;
  session: StaffSession;
  onOver(): void;
}

const STEP_MS = 10_000;

export function Player({ play, onOver }: PlayerProps) {
  const t = useTexts();
  const playback = usePlayback(play);
  const { clock, at, troubles, tell } = playback;
  usePlayKeys(playback);
  const grid = play.people.length > 2 ? "many" : String(play.people.length);
  return (
    <section
      class="player"
      aria-label={t.archive.play}
      data-playing={clock.playing}
      data-waiting={clock.waiting}
      data-at={Math.round(at)}
    >
      <div class="twin" data-count={grid}>
        {play.people.map((person) => (
          <Face key={person.seat} person={person} play={play} playback={playback} />
        ))}
      </div>
      <div class="row player-keys">
        <button
          type="button"
          class="btn btn-main"
          name="play"
          aria-keyshortcuts="K"
          onClick={() => tell({ type: clock.playing ? "pause" : "play" })}
        >
          <Icon name={clock.playing ? "pause" : "play"} />
          <span>{clock.playing ? t.archive.pause : t.archive.play}</span> <Key name="K" />
        </button>
        <button
          type="button"
          class="btn btn-icon"
          name="rewind"
          aria-label={t.archive.rewind}
          aria-keyshortcuts="J"
          title={t.archive.rewind}
          onClick={() => tell({ type: "seek", toMs: at - STEP_MS })}
        >
          <Icon name="rewind" />
        </button>
        <button
          type="button"
          class="btn btn-icon"
          name="forward"
          aria-label={t.archive.forward}
          aria-keyshortcuts="L"
          title={t.archive.forward}
          onClick={() => tell({ type: "seek", toMs: at + STEP_MS })}
        >
          <Icon name="fast-forward" />
        </button>
        <span
          class="num"
          role="timer"
          aria-label={t.archive.positionOf(stopwatch(at / 1000), stopwatch(play.duration_ms / 1000))}
        >
          {[stopwatch(at / 1000), stopwatch(play.duration_ms / 1000)].join(" / ")}
        </span>
        <span class="small second" role="status">
          {clock.playing && clock.waiting ? t.archive.waiting : ""}
        </span>
        <span class="grow" />
        <button
          type="button"
          class="btn"
          name="speed"
          aria-label={t.archive.speedLabel(String(clock.speed))}
          onClick={() => tell({ type: "speed", speed: nextSpeed(clock.speed) })}
        >
          {t.archive.speed(String(clock.speed))}
        </button>
      </div>
      <TrackChart play={play} at={at} onSeek={(toMs) => tell({ type: "seek", toMs })} />
      <p class="small second player-hint">{t.archive.keys}</p>
      <div role="alert">
        {troubles.map((code) => (
          <Note key={code} tone="amber" icon="triangle-alert" title={faultText(t, code)}>
            {code === "play_over" && (
              <button type="button" class="btn note-btn" onClick={onOver}>
                {t.archive.watch}
              </button>
            )}
          </Note>
        ))}
      </div>
      <Lines play={play} at={at} onSeek={(toMs) => tell({ type: "seek", toMs })} />
    </section>
  );
}

interface FaceProps {
  person: PlayPerson;
  play: PlayGranted;
  playback: Playback;
}

function Face({ person, play, playback }: FaceProps) {
  const t = useTexts();
  const local = useLocal();
  const video = useRef<HTMLVideoElement>(null);
  const audio = useRef<HTMLAudioElement>(null);
  const { attach, at } = playback;
  useEffect(() => {
    attach(person.seat, "video", video.current);
    attach(person.seat, "audio", audio.current);
  }, [attach, person]);
  const name = nameOf(t, local, person);
  const track = tracksOf(play).find((each) => each.seat === person.seat && each.kind === "video");
  const shown = track !== undefined && segmentAt(track, at) !== null;
  const gap = gapAt(play.gaps, person.seat, "video", at);
  return (
    <figure data-seat={person.seat} data-shown={shown}>
      <video ref={video} muted playsInline aria-label={t.archive.picture(name)} hidden={!shown} />
      {/* biome-ignore lint/a11y/useMediaCaption: a recorded conversation has no captions */}
      <audio ref={audio} />
      {!shown && (
        <div class="faceless">
          <span class="avatar avatar-l" aria-hidden="true">
            {initials(name)}
          </span>
          <p class="small">
            {gap === null ? t.archive.absent : (t.archive.gapReasons[gap.reason] ?? t.archive.gapReasons.other)}
          </p>
        </div>
      )}
      <Watermark play={play} />
      <figcaption>{name}</figcaption>
    </figure>
  );
}

/** Who watches and when, over every picture: a photograph of the screen tells whose screen it was. */
function Watermark({ play }: { play: PlayGranted }) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(10_000);
  return (
    <span class="watermark" aria-hidden="true">
      {[local(play.viewer), play.staff_number, isoDay(now), timeOfDay(t, now)].join(" ")}
    </span>
  );
}

/** K, J, L as every player has them; not while somebody types, and not over a sheet. */
function usePlayKeys({ clock, at, tell }: Playback): void {
  const latest = useRef({ clock, at });
  latest.current = { clock, at };
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (
        event.target instanceof Element &&
        event.target.closest("input:not([type=range]),textarea,select,dialog") !== null
      )
        return;
      const key = event.key.toLowerCase();
      if (key === "k") tell({ type: latest.current.clock.playing ? "pause" : "play" });
      else if (key === "j") tell({ type: "seek", toMs: latest.current.at - STEP_MS });
      else if (key === "l") tell({ type: "seek", toMs: latest.current.at + STEP_MS });
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [tell]);
}
