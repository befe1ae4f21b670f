/** Pictures of the timeline: small in the list, whole in a dialog, larger in steps. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useLocal, useTexts } from "../i18n";
import type { Entry, Picture } from "../signal/messages";
import { timeOfDay } from "../ui/clock";
import { Icon } from "../ui/icon";
import { personName } from "../ui/names";
import { pictureAddress } from "./sending";

interface ThumbnailProps {
  picture: Picture;
  seat: string;
  label: string;
  onOpen(): void;
}

export function Thumbnail({ picture, seat, label, onOpen }: ThumbnailProps) {
  const t = useTexts();
  const [tries, setTries] = useState(0);
  const [lost, setLost] = useState(false);
  const again = () => {
    setLost(false);
    setTries(tries + 1);
  };
  if (lost)
    return (
      <button type="button" class="btn said-lost" onClick={again}>
        <Icon name="rotate-ccw" />
        <span>{t.timeline.lost}</span>
      </button>
    );
  return (
    <button type="button" class="said-thumbnail" aria-label={label} data-picture={picture.id} onClick={onOpen}>
      <img
        key={tries}
        src={`${pictureAddress(seat, picture.id)}/thumbnail`}
        width={picture.width}
        height={picture.height}
        alt=""
        onError={() => setLost(true)}
      />
    </button>
  );
}

const STEPS = [1, 1.5, 2, 3, 4];

export function PictureView({ entry, seat, onClose }: { entry: Entry; seat: string; onClose(): void }) {
  const t = useTexts();
  const local = useLocal();
  const dialog = useRef<HTMLDialogElement>(null);
  const image = useRef<HTMLImageElement>(null);
  const [step, setStep] = useState(0);
  useEffect(() => {
    const before = document.activeElement;
    const its = dialog.current;
    its?.showModal();
    return () => {
      its?.close(); // while it is open nothing behind it takes focus
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  useEffect(() => {
    const element = image.current;
    element?.style.setProperty("--zoom", String(STEPS[step] ?? 1));
    const toggle = () => setStep(step === 0 ? 2 : 0);
    element?.addEventListener("dblclick", toggle);
    return () => element?.removeEventListener("dblclick", toggle);
  }, [step]);
  if (entry.picture === null) return null;
  const larger = () => setStep(Math.min(step + 1, STEPS.length - 1));
  const smaller = () => setStep(Math.max(step - 1, 0));
  const name = entry.name === null ? "" : personName(t, local, { role: entry.role ?? "companion", name: entry.name });
  const title = t.timeline.pictureOf(entry.seat === seat ? null : name, timeOfDay(t, entry.at));
  const byKey = (event: KeyboardEvent) => {
    if (event.key === "+" || event.key === "=") larger();
    else if (event.key === "-") smaller();
    else if (event.key === "0") setStep(0);
  };
  return (
    <dialog
      ref={dialog}
      class="picture-view"
      aria-label={title}
      onKeyDown={byKey}
      onCancel={(event) => {
        event.preventDefault();
        event.stopPropagation();
        onClose();
      }}
    >
      <header>
        <p class="grow">{title}</p>
        <Zoom name="zoom-out" label={t.timeline.smaller} off={step === 0} onPress={smaller} />
        <Zoom name="zoom-in" label={t.timeline.larger} off={step === STEPS.length - 1} onPress={larger} />
        <button type="button" class="btn btn-room btn-icon" aria-label={t.close} data-answer="close" onClick={onClose}>
          <Icon name="x" />
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a place that scrolls must be reachable by keyboard */}
      <div class="picture-place" tabIndex={0}>
        <img
          ref={image}
          src={pictureAddress(seat, entry.picture.id)}
          width={entry.picture.width}
          height={entry.picture.height}
          alt={title}
        />
      </div>
    </dialog>
  );
}

interface ZoomProps {
  name: "zoom-in" | "zoom-out";
  label: string;
  off: boolean;
  onPress(): void;
}

const Zoom = ({ name, label, off, onPress }: ZoomProps) => (
  <button type="button" class="btn btn-room btn-icon" aria-label={label} aria-disabled={off} onClick={onPress}>
    <Icon name={name} />
  </button>
);
