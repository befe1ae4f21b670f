/** "Can we see and hear you?": one's own picture, a bar that moves with the voice, a chime, and the network in words.
 * Going on is never barred: who has no camera, no microphone or a poor link is seen all the same. */

import { useEffect, useRef, useState } from "preact/hooks";
import { play } from "../call/sound";
import { useTexts } from "../i18n";
import { allowWayOf } from "../patient/browser";
import type { Line, LineStatus } from "../signal/line";
import type { CheckResult, DeviceOutcome, SeatState } from "../signal/messages";
import { chime, unlockChime } from "../ui/chime";
import { Icon } from "../ui/icon";
import { Heading, ReadAloud, Top } from "../ui/screen";
import { megabits, pathRows, type Speaker, toneOf } from "./report";
import { type OwnDevices, useDevices } from "./use-devices";
import { type Network, type NetworkTest, TEST_SECONDS, useNetworkTest } from "./use-network";

interface CheckProps {
  state: SeatState;
  line: Line;
  status: LineStatus;
  /** The first time it leads on, later it leads back. */
  again: boolean;
  onDone(): void;
}

export function Check({ state, line, status, again, onDone }: CheckProps) {
  const t = useTexts();
  const own = useDevices();
  const [speaker, setSpeaker] = useState<Speaker>("untested");
  const devices = own.captured?.devices ?? null;
  const test = useNetworkTest({ seat: state.seat, line, status, devices, speaker });
  const done = () => {
    test.report();
    onDone();
  };
  return (
    <div class="page">
      <Top title="" onBack={again ? done : undefined} />
      <main class="body stack gap-m" data-screen="check" data-network={test.network.state}>
        <Heading page={t.check.page}>{t.check.heading}</Heading>
        {!again && (
          <p class="second" data-say="">
            {t.check.intro}
          </p>
        )}
        <ReadAloud />
        <Mirror own={own} />
        <ul class="list checks">
          <Camera own={own} />
          <Voice own={own} />
          <Chime speaker={speaker} onAnswer={setSpeaker} />
          <NetworkRow network={test.network} onAgain={test.again} />
        </ul>
        <Allow own={own} />
        {test.network.state === "done" && <Details result={test.network.result} />}
      </main>
      <footer class="foot">
        <button type="button" class="btn btn-main btn-large btn-wide" data-next="" onClick={done}>
          {again ? t.check.done : t.check.next}
        </button>
      </footer>
    </div>
  );
}

function Mirror({ own }: { own: OwnDevices }) {
  const t = useTexts();
  const video = useRef<HTMLVideoElement>(null);
  const [seen, setSeen] = useState(false);
  const { captured } = own;
  useEffect(() => {
    setSeen(false);
    const element = video.current;
    if (element === null || !captured?.video) return;
    element.srcObject = new MediaStream([captured.video]);
    void play(element);
  }, [captured]);
  return (
    <figure class="mirror" data-seen={seen}>
      {captured?.video ? (
        <video
          ref={video}
          muted
          playsInline
          tabIndex={-1}
          aria-label={t.check.mirror}
          onPlaying={() => setSeen(true)}
        />
      ) : (
        <div class="mirror-off">
          <Icon name={captured === null ? "video" : "video-off"} />
          <p>{captured === null ? t.check.asking : t.check.noPicture}</p>
        </div>
      )}
      {seen && (
        <figcaption class="badge">
          <Icon name="check" />
          <span>{t.check.seen}</span>
        </figcaption>
      )}
    </figure>
  );
}

/** Only when there is something to say: the picture itself says that it works. */
function Camera({ own }: { own: OwnDevices }) {
  const t = useTexts();
  const outcome = own.captured?.devices.camera ?? "ready";
  if (outcome === "ready") return null;
  const mute = own.captured?.devices.microphone !== "ready"; // then the microphone's line says what it means
  return <Lacking title={t.check.camera[outcome]} body={mute ? "" : t.check.camera.body} name="camera" />;
}

function Lacking({ title, body, name }: { title: string; body: string; name: "camera" | "microphone" }) {
  return (
    <li class="row row-top" data-lacks={name}>
      <Icon name={name === "camera" ? "video-off" : "mic-off"} tone="amber" />
      <div class="grow" role="status">
        <strong>{title}</strong> <span class="second">{body}</span>
      </div>
    </li>
  );
}

function Voice({ own }: { own: OwnDevices }) {
  const t = useTexts();
  const outcome: DeviceOutcome = own.captured?.devices.microphone ?? "ready";
  if (outcome !== "ready")
    return <Lacking title={t.check.microphone[outcome]} body={t.check.microphone.body} name="microphone" />;
  const title = own.heard ? t.check.heard : own.silent ? t.check.silent : t.check.speak;
  return (
    <li class="row row-top" data-heard={own.heard}>
      <Icon name="mic" tone={own.heard ? "teal" : own.silent ? "amber" : undefined} />
      <div class="grow">
        <p role="status">
          <strong>{title}</strong>
          {own.silent && !own.heard && <span class="second"> {t.check.louder}</span>}
        </p>
        <meter class="check-bar" min={0} max={1} value={own.level} aria-label={t.check.level} />
      </div>
    </li>
  );
}

function Chime({ speaker, onAnswer }: { speaker: Speaker; onAnswer(answer: Speaker): void }) {
  const t = useTexts();
  const [played, setPlayed] = useState(false);
  const ring = () => {
    unlockChime();
    chime();
    setPlayed(true);
  };
  useEffect(() => {
    if (chime()) setPlayed(true); // where nobody touched the page yet it stays silent, and there is a button
  }, []);
  const again = (
    <button type="button" class="btn" onClick={ring}>
      <Icon name="rotate-ccw" />
      <span>{t.check.playAgain}</span>
    </button>
  );
  return (
    <li class="row row-top" data-speaker={speaker}>
      <Icon name="volume-2" tone={speaker === "heard" ? "teal" : speaker === "silent" ? "amber" : undefined} />
      <div class="grow">
        <p role="status">
          <strong>{titleFor()}</strong>
          {speaker === "silent" && <span class="second"> {t.check.chimeHelp}</span>}
        </p>
        <div class="check-answers">
          {!played && (
            <button type="button" class="btn" onClick={ring}>
              <Icon name="volume-2" />
              <span>{t.check.play}</span>
            </button>
          )}
          {played && speaker !== "heard" && (
            <button type="button" class="btn" data-heard-chime="yes" onClick={() => onAnswer("heard")}>
              <Icon name="check" />
              <span>{t.check.yes}</span>
            </button>
          )}
          {played && speaker === "untested" && (
            <button type="button" class="btn" data-heard-chime="no" onClick={() => onAnswer("silent")}>
              {t.check.no}
            </button>
          )}
          {played && again}
        </div>
      </div>
    </li>
  );

  function titleFor(): string {
    if (speaker === "heard") return t.check.chimeHeard;
    if (speaker === "silent") return t.check.chimeSilent;
    return played ? t.check.chimeAsk : t.check.chimePlay;
  }
}

function NetworkRow({ network, onAgain }: { network: Network; onAgain: NetworkTest["again"] }) {
  const t = useTexts();
  if (network.state === "testing") {
    return (
      <li class="row row-top">
        <Icon name="wifi" />
        <div class="grow">
          <strong id="net">{t.check.testing}</strong>{" "}
          <span class="second num">{t.check.seconds(network.seconds, TEST_SECONDS)}</span>
          <progress class="check-bar" max={TEST_SECONDS} value={network.seconds} aria-labelledby="net" />
        </div>
      </li>
    );
  }
  const failed = network.state === "failed";
  const words = failed
    ? { title: t.check.untested, body: t.check.untestedBody }
    : t.check.expect[network.result.expect];
  const good = !failed && toneOf(network.result.expect) === "teal";
  return (
    <li class="row row-top" data-expect={failed ? "unknown" : network.result.expect}>
      <Icon name={good ? "wifi" : "signal-weak"} tone={good ? "teal" : "amber"} />
      <div class="grow">
        <p role="status">
          <strong>{words.title}</strong> <span class="second">{words.body}</span>
        </p>
        {!good && (
          <div class="check-answers">
            <button type="button" class="btn" onClick={onAgain}>
              <Icon name="rotate-ccw" />
              <span>{t.check.testAgain}</span>
            </button>
          </div>
        )}
      </div>
    </li>
  );
}

/** The way to allow what was refused, in this browser's own words, and another try. */
function Allow({ own }: { own: OwnDevices }) {
  const t = useTexts();
  const devices = own.captured?.devices;
  if (devices === undefined || (devices.camera === "ready" && devices.microphone === "ready")) return null;
  const refused = devices.camera === "refused" || devices.microphone === "refused";
  return (
    <section class="note note-amber">
      <Icon name="triangle-alert" />
      <div class="grow">
        {refused && (
          <>
            <strong>{t.check.allowTitle}</strong>
            <p>{t.check.allow[allowWayOf(navigator.userAgent)]}</p>
          </>
        )}
        <button type="button" class="btn note-btn" data-again="devices" onClick={own.again}>
          {t.check.openAgain}
        </button>
      </div>
    </section>
  );
}

function Details({ result }: { result: CheckResult }) {
  const t = useTexts();
  return (
    <details>
      <summary>
        <span>{t.check.details}</span>
        <Icon name="chevron-down" />
      </summary>
      <ul class="small second num">
        {pathRows(result).map((row) => (
          <li key={row.path}>
            {t.check.path[row.path]}
            {t.colon}
            {row.works ? t.check.works(row.roundTripMs) : t.check.blocked}
          </li>
        ))}
        {(result.up_bps !== null || result.down_bps !== null) && (
          <li>{t.check.rates(megabits(result.up_bps), megabits(result.down_bps))}</li>
        )}
      </ul>
    </details>
  );
}
