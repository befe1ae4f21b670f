/** Why somebody watches or exports: one of a few reasons, as radio buttons. */

import { useTexts } from "../i18n";
import type { ArchivePurpose } from "../signal/messages";
import { Icon } from "../ui/icon";

const PURPOSES: readonly ArchivePurpose[] = [
  "treatment",
  "patient_request",
  "complaint",
  "quality",
  "teaching",
  "legal",
];

interface PurposesProps {
  chosen: ArchivePurpose | null;
  fault: string | null;
  onChoose(purpose: ArchivePurpose): void;
}

export function Purposes({ chosen, fault, onChoose }: PurposesProps) {
  const t = useTexts();
  return (
    <fieldset class="purposes" aria-describedby="purpose-fault">
      <legend class="sr">{t.archive.why}</legend>
      {PURPOSES.map((each) => (
        <label class="purpose" key={each}>
          <input type="radio" name="purpose" value={each} checked={chosen === each} onChange={() => onChoose(each)} />
          <span>{t.archive.purposes[each]}</span>
        </label>
      ))}
      <div id="purpose-fault" role="alert">
        {fault !== null && (
          <p class="error">
            <Icon name="triangle-alert" />
            <span>{fault}</span>
          </p>
        )}
      </div>
    </fieldset>
  );
}
