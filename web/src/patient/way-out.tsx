/** This program cannot carry picture and sound: the way to one that can, with the seat kept; or to stay and write. */

import { useEffect, useState } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Refusal } from "../ui/field";
import { Icon } from "../ui/icon";
import { copyText } from "../ui/link-box";
import { Qr } from "../ui/qr";
import { EmergencyNote, Heading, ReadAloud, Top } from "../ui/screen";
import { inAppOf, isIos, menuOf, type Obstacle } from "./browser";
import { type Making, useLink } from "./use-link";

interface WayOutProps {
  state: SeatState;
  line: Line;
  obstacle: Obstacle;
  agent: string;
  onStay(): void;
}

export function WayOut({ state, line, obstacle, agent, onStay }: WayOutProps) {
  const t = useTexts();
  const words = t.wayOut;
  const app = inAppOf(agent);
  const insecure = obstacle === "insecure";
  const { made, again } = useLink(line, state.seat, insecure ? null : "self");
  useAddress(made, `/visit/${state.seat}`);
  useReport(state.seat, line, obstacle);
  const stay = () => {
    // what was made to go away with is worth nothing to who stays
    if (made !== null && "link" in made) void line.send("link_revoke", { seat: state.seat, link: made.link.link });
    onStay();
  };
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack gap-l" data-screen="way-out" data-app={app ?? "none"} data-obstacle={obstacle}>
        <div class="stack gap-s">
          <Heading page={words.page}>
            {insecure ? words.insecureHeading : words.heading(app === null ? null : words.app[app])}
          </Heading>
          {insecure && <p data-say="">{words.insecureBody}</p>}
          {obstacle === "no_devices" && <p data-say="">{words.noDevices}</p>}
          <p class="second" data-say="">
            {words.kept}
          </p>
        </div>
        <ReadAloud />
        {!insecure && <Ways made={made} onAgain={again} agent={agent} />}
        <EmergencyNote number={state.emergency_number} />
      </main>
      <footer class="foot">
        <p class="small second">{words.stayBody}</p>
        <button type="button" class="btn btn-large btn-wide" data-next="" onClick={stay}>
          {obstacle === "no_devices" ? words.stayDevices : words.stay}
        </button>
      </footer>
    </div>
  );
}

interface WaysProps {
  made: Making;
  onAgain(): void;
  agent: string;
}

function Ways({ made, onAgain, agent }: WaysProps) {
  const t = useTexts();
  const words = t.wayOut;
  if (made === null) return <p role="status">{words.making}</p>;
  if ("code" in made) {
    return (
      <div class="stack gap-m">
        <Refusal words={errorText(t, made.code)} />
        <button type="button" class="btn" onClick={onAgain}>
          {t.tryAgain}
        </button>
      </div>
    );
  }
  return (
    <>
      <Here address={made.address} agent={agent} />
      <section class="stack gap-m" aria-labelledby="other">
        <h2 id="other">{words.other}</h2>
        <p class="second">{words.scan}</p>
        <Qr text={made.address} label={words.qr} />
        <p class="small second">{words.once(timeOfDay(t, made.link.expires_at))}</p>
      </section>
    </>
  );
}

function Here({ address, agent }: { address: string; agent: string }) {
  const t = useTexts();
  const words = t.wayOut;
  const [said, setSaid] = useState<"copied" | "copyFailed" | null>(null);
  const menu = menuOf(inAppOf(agent));
  const browser = isIos(agent) ? words.safari : words.browser;
  const copy = async () => setSaid((await copyText(address, "way-link")) ? "copied" : "copyFailed");
  return (
    <section class="stack gap-m" aria-labelledby="here">
      <h2 id="here">{words.here}</h2>
      {menu !== "none" && (
        <ol class="numbered">
          <li data-say="">{words.menu[menu]}</li>
          <li data-say="">{words.choose(browser)}</li>
        </ol>
      )}
      <p class="second">{menu === "none" ? words.copyHow(browser) : words.orCopy}</p>
      <button type="button" class="btn btn-main btn-large btn-wide" data-copy="" onClick={copy}>
        <Icon name="copy" />
        <span>{words.copy}</span>
      </button>
      <input
        class="input small"
        id="way-link"
        readOnly
        value={address}
        aria-label={words.link}
        dir="ltr"
        onFocus={(event) => event.currentTarget.select()}
      />
      <p class="small second" role="status">
        {said !== null && words[said]}
      </p>
    </section>
  );
}

/** "Open in browser" takes the address along, not the cookie: while this screen is shown the address is the link that
 * moves the seat. It works once and for minutes only, and leaves the address with the screen. */
function useAddress(made: Making, page: string): void {
  const path = made !== null && "link" in made ? made.link.path : null;
  useEffect(() => {
    if (path === null) return;
    history.replaceState(null, "", path);
    return () => {
      if (location.pathname === "/join") history.replaceState(null, "", page);
    };
  }, [path]);
}

/** The doctor's list says at once that nothing but writing is to be expected. */
function useReport(seat: string, line: Line, obstacle: Obstacle): void {
  useEffect(() => {
    const lacks = obstacle === "insecure" ? "insecure" : "missing";
    void line.send("check_report", {
      seat,
      webrtc: obstacle !== "no_webrtc",
      microphone: lacks,
      camera: lacks,
      speaker: "untested",
      paths: [],
      up_bps: null,
      down_bps: null,
    });
  }, []);
}
