import { useEffect, useRef, useState } from "preact/hooks";
import type { Line } from "../signal/line";
import type { Role, SeatState } from "../signal/messages";
import { useStore } from "../ui/store";
import { Call, type CallView } from "./shell";

export interface RunningCall {
  view: CallView;
  switchMicrophone(): void;
  switchCamera(): void;
  askDevices(): void;
  turnCamera(): void;
}

/** A call for as long as the component is there. */
export function useCall(seat: SeatState, role: Role, line: Line): RunningCall {
  const held = useRef<Call | null>(null);
  held.current ??= new Call(seat.seat, role, line);
  const call = held.current;
  useEffect(() => call.see(seat), [call, seat]);
  useEffect(() => () => call.close(), [call]);
  return {
    view: useStore(call.view),
    switchMicrophone: () => call.happened({ type: "microphone_switched" }),
    switchCamera: () => call.happened({ type: "camera_switched" }),
    askDevices: () => call.happened({ type: "devices_asked" }),
    turnCamera: () => call.happened({ type: "camera_turned" }),
  };
}

/** M and V, unless somebody is writing or holds a modifier. */
export function useCallKeys(call: RunningCall): void {
  const latest = useRef(call);
  latest.current = call;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const key = event.key.toLowerCase();
      if (key === "m") latest.current.switchMicrophone();
      else if (key === "v") latest.current.switchCamera();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

export function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** A value that is true again only after it has been true for `ms`: short interruptions are not worth a word. */
export function useLasting(value: boolean, ms: number): boolean {
  const [lasting, setLasting] = useState(false);
  useEffect(() => {
    if (!value) {
      setLasting(false);
      return;
    }
    const timer = setTimeout(() => setLasting(true), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return value && lasting;
}
