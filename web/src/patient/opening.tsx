import { useTexts } from "../i18n";
import { Note, Top } from "../ui/screen";

interface OpeningProps {
  slow: boolean;
  heading?: string;
  body?: string;
}

/** Before anything is known of the visit. */
export function Opening({ slow, heading, body }: OpeningProps) {
  const t = useTexts();
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack" data-screen="opening" aria-busy="true">
        <h1>{heading ?? t.visit.opening}</h1>
        <p class="second" role="status">
          {body ?? t.visit.openingBody}
        </p>
        {slow && <Note tone="amber" icon="wifi-off" title={t.visit.slow} live />}
      </main>
    </div>
  );
}
