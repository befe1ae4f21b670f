/** One's own picture, small, in one of four corners: dragged there, or moved by the arrow keys. */

import { useEffect, useRef, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { Icon } from "../ui/icon";
import { play } from "./sound";

type Corner = "top-right" | "top-left" | "bottom-right" | "bottom-left";

interface SelfProps {
  stream: MediaStream | null;
  on: boolean;
  muted: boolean;
  movable?: boolean;
  mirrored?: boolean;
  /** Takes the other camera, where there is one. */
  onTurn?: (() => void) | undefined;
}

export function SelfView({ stream, on, muted, movable = true, mirrored = true, onTurn }: SelfProps) {
  const t = useTexts();
  const figure = useRef<HTMLElement>(null);
  const video = useRef<HTMLVideoElement>(null);
  const [corner, setCorner] = useState<Corner>("top-right");
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    element.srcObject = stream;
    if (stream !== null) void play(element);
  }, [stream]);
  useDrag(figure, movable, setCorner);
  const byKey = (event: KeyboardEvent) => {
    const next = moved(corner, event.key);
    if (next === corner) return;
    event.preventDefault();
    setCorner(next);
  };
  return (
    <figure
      ref={figure}
      class={`self self-${corner}`}
      data-self
      data-mirrored={mirrored}
      tabIndex={movable ? 0 : undefined}
      aria-label={movable ? t.call.self : t.call.you}
      onKeyDown={movable ? byKey : undefined}
    >
      <video ref={video} muted playsInline hidden={!on || stream === null} tabIndex={-1} aria-hidden="true" />
      {(!on || stream === null) && (
        <span class="self-off">
          <Icon name="video-off" />
        </span>
      )}
      {onTurn !== undefined && on && (
        <button type="button" class="self-turn" aria-label={t.call.turnCamera} onClick={onTurn}>
          <Icon name="switch-camera" />
        </button>
      )}
      <figcaption>
        {muted && <Icon name="mic-off" />}
        <span>{t.call.you}</span>
      </figcaption>
    </figure>
  );
}

function moved(corner: Corner, key: string): Corner {
  const [row, side] = corner.split("-") as ["top" | "bottom", "left" | "right"];
  if (key === "ArrowUp") return `top-${side}`;
  if (key === "ArrowDown") return `bottom-${side}`;
  if (key === "ArrowLeft") return `${row}-left`;
  if (key === "ArrowRight") return `${row}-right`;
  return corner;
}

/** Follows the finger, then goes to the nearest corner. */
function useDrag(ref: { current: HTMLElement | null }, on: boolean, drop: (corner: Corner) => void): void {
  useEffect(() => {
    const element = ref.current;
    if (element === null || !on) return;
    let from: { x: number; y: number } | null = null;
    const down = (event: PointerEvent) => {
      if (event.target instanceof Element && event.target.closest("button") !== null) return;
      from = { x: event.clientX, y: event.clientY };
      element.setPointerCapture(event.pointerId);
    };
    const move = (event: PointerEvent) => {
      if (from === null) return;
      element.style.transform = `translate(${event.clientX - from.x}px, ${event.clientY - from.y}px)`;
    };
    const up = () => {
      const room = element.parentElement?.getBoundingClientRect();
      if (from === null || room === undefined) return;
      const box = element.getBoundingClientRect();
      const low = box.top + box.height / 2 > room.top + room.height / 2;
      const left = box.left + box.width / 2 < room.left + room.width / 2;
      from = null;
      element.style.transform = "";
      drop(`${low ? "bottom" : "top"}-${left ? "left" : "right"}`);
    };
    element.addEventListener("pointerdown", down);
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", up);
    element.addEventListener("pointercancel", up);
    return () => {
      element.removeEventListener("pointerdown", down);
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", up);
      element.removeEventListener("pointercancel", up);
    };
  }, [on]);
}
