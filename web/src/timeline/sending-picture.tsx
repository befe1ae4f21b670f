/** A picture on its way: what it shows, how much of it is there, and the way to stop it. */

import { errorText, useTexts } from "../i18n";
import { Icon } from "../ui/icon";
import type { TimelineKeeper } from "./keeper";
import { Choices } from "./list";
import type { Upload } from "./upload";

const inMegabytes = (octets: number) => (octets / (1024 * 1024)).toFixed(1);

export function Sending({ upload, keeper, first }: { upload: Upload; keeper: TimelineKeeper; first: boolean }) {
  const t = useTexts();
  const address = keeper.address(upload.key);
  const failed = upload.status === "failed";
  return (
    <div class="said said-me said-out" data-upload={upload.status}>
      {address !== null && <img class="said-picture" src={address} alt="" />}
      {!failed && (
        <progress max={upload.octets} value={upload.sent} aria-label={t.timeline.progressLabel}>
          {inMegabytes(upload.sent)}
        </progress>
      )}
      <small class="num">{wordsFor(t, upload, first)}</small>
      {failed ? (
        <Choices keeper={keeper} draftKey={upload.key} />
      ) : (
        upload.status !== "done" && (
          <div class="said-choices">
            <button
              type="button"
              class="btn"
              data-upload-stop
              onClick={() => keeper.happened({ type: "dropped", key: upload.key })}
            >
              <Icon name="x" />
              <span>{t.timeline.stop}</span>
            </button>
          </div>
        )
      )}
    </div>
  );
}

function wordsFor(t: ReturnType<typeof useTexts>, upload: Upload, first: boolean): string {
  if (upload.status === "failed") return t.timeline.notSent(errorText(t, upload.code ?? "unknown"));
  if (upload.status === "done") return t.timeline.checking;
  if (upload.status === "queued" && !first) return t.timeline.queued;
  if (upload.failures > 1) return t.timeline.paused;
  return t.timeline.progress(inMegabytes(upload.sent), inMegabytes(upload.octets));
}
