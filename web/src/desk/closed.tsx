import { errorText, useTexts } from "../i18n";
import { Icon } from "../ui/icon";
import { Heading } from "../ui/screen";

/** The desk is shut here and will not open by itself. */
export function Closed({ code, onAgain }: { code: string; onAgain(): void }) {
  const t = useTexts();
  const elsewhere = code === "replaced";
  const title = elsewhere ? t.desk.elsewhereTitle : t.desk.stoppedTitle;
  const body = elsewhere ? t.desk.elsewhereBody : code === "protocol_error" ? t.desk.stoppedBody : errorText(t, code);
  return (
    <main class="desk-blank" data-screen="closed" data-code={code}>
      <div class="empty">
        <Icon name={elsewhere ? "copy" : "triangle-alert"} />
        <Heading page={t.desk.title}>{title}</Heading>
        <p>{body}</p>
        <button type="button" class="btn btn-main" onClick={elsewhere ? onAgain : () => location.reload()}>
          {elsewhere ? t.desk.here : t.reload}
        </button>
      </div>
    </main>
  );
}
