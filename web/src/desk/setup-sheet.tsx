/** One's own camera, microphone and speaker, chosen while the visit goes on. */

import { useEffect, useState } from "preact/hooks";
import { canChooseSpeaker, chooseDevice, chosenDevice, type DeviceKind, routeSound } from "../call/chosen";
import { useTexts } from "../i18n";
import { Sheet } from "../ui/screen";

interface SetupProps {
  /** Opens camera and microphone anew, as they are chosen now. */
  onChange(): void;
  onClose(): void;
}

export function SetupSheet({ onChange, onClose }: SetupProps) {
  const t = useTexts();
  const devices = useDevices();
  const choose = (kind: DeviceKind, id: string | null) => {
    chooseDevice(kind, id);
    if (kind === "audiooutput") for (const each of document.querySelectorAll("audio")) void routeSound(each);
    else onChange();
  };
  return (
    <Sheet title={t.setup.title} sheet={false} onClose={onClose}>
      <div class="setup">
        <Choice kind="videoinput" word={t.setup.camera} devices={devices} onChoose={choose} />
        <Choice kind="audioinput" word={t.setup.microphone} devices={devices} onChoose={choose} />
        {canChooseSpeaker() && <Choice kind="audiooutput" word={t.setup.speaker} devices={devices} onChoose={choose} />}
        <p class="small second">{t.setup.hint}</p>
      </div>
      <div class="actions">
        <button type="button" class="btn btn-main" onClick={onClose}>
          {t.setup.done}
        </button>
      </div>
    </Sheet>
  );
}

/** What is plugged in now; looks again when that changes. */
function useDevices(): readonly MediaDeviceInfo[] {
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  useEffect(() => {
    const source = navigator.mediaDevices;
    if (source === undefined) return; // a page without HTTPS
    const look = () => void source.enumerateDevices().then(setDevices, () => undefined);
    look();
    source.addEventListener("devicechange", look);
    return () => source.removeEventListener("devicechange", look);
  }, []);
  return devices;
}

interface ChoiceProps {
  kind: DeviceKind;
  word: string;
  devices: readonly MediaDeviceInfo[];
  onChoose(kind: DeviceKind, id: string | null): void;
}

function Choice({ kind, word, devices, onChoose }: ChoiceProps) {
  const t = useTexts();
  const [chosen, setChosen] = useState(chosenDevice(kind));
  const mine = devices.filter((each) => each.kind === kind && each.deviceId !== "" && each.deviceId !== "default");
  const value = mine.some((each) => each.deviceId === chosen) ? (chosen ?? "") : "";
  return (
    <div class="field">
      <label for={`setup-${kind}`}>{word}</label>
      <select
        class="select"
        id={`setup-${kind}`}
        value={value}
        onChange={(event) => {
          const id = event.currentTarget.value || null;
          setChosen(id);
          onChoose(kind, id);
        }}
      >
        <option value="">{t.setup.usual}</option>
        {mine.map((each, index) => (
          <option key={each.deviceId} value={each.deviceId}>
            {each.label || t.setup.unnamed(index + 1)}
          </option>
        ))}
      </select>
    </div>
  );
}
