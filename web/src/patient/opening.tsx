import { useTexts } from "../i18n";
import { Note, Top } from "../ui/screen";

/** Before anything is known of the visit. */
export function Opening({ slow }: { slow: boolean }) {
  const t = useTexts();
  return (
    <div class="page">
      <Top title={t.product} />
      <main class="body stack" data-screen="opening" aria-busy="true">
        <h1>{t.visit.opening}</h1>
        <p class="second">{t.visit.openingBody}</p>
        {slow && <Note tone="amber" icon="wifi-off" title={t.visit.slow} live />}
      </main>
    </div>
  );
}
