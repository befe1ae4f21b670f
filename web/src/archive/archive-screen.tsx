/** The archive's screen: who is signed in, the list at the left, one recording at the right. */

import { useState } from "preact/hooks";
import type { InsideProps } from "../desk/door";
import { useLocal, useTexts } from "../i18n";
import { timeOfDay, useServerNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { initials } from "../ui/names";
import { LanguageButton, useTitle } from "../ui/screen";
import { List } from "./list";
import { Recording } from "./recording";
import { useArchive } from "./use-archive";

export function ArchiveScreen({ session, onSignOut, onSignedOut }: InsideProps) {
  const t = useTexts();
  const archive = useArchive(onSignedOut);
  const [chosen, setChosen] = useState<string | null>(() => asked());
  useTitle(t.archive.title);
  if (session.role === "coordinator")
    return (
      <main class="desk-blank" data-screen="archive-refused">
        <p>{t.archive.noRight}</p>
        <p>
          <a href="/desk">{t.archive.toDesk}</a>
        </p>
      </main>
    );
  const rights = new Set(archive.page?.rights ?? []);
  return (
    <div class="desk archive" data-screen="archive" data-open={chosen !== null}>
      <a class="skip" href="#recording">
        {t.archive.choose}
      </a>
      <ArchiveTop session={session} onSignOut={onSignOut} />
      <section class="pane archive-list" aria-label={t.archive.search}>
        <List archive={archive} chosen={chosen} onChoose={setChosen} />
      </section>
      <main class="pane archive-one" id="recording" tabIndex={-1}>
        {chosen === null ? (
          <div class="empty">
            <Icon name="archive" />
            <p>{t.archive.choose}</p>
          </div>
        ) : (
          <Recording
            key={chosen}
            which={chosen}
            rights={rights}
            session={session}
            onChanged={archive.replace}
            onBack={() => setChosen(null)}
          />
        )}
      </main>
    </div>
  );
}

/** The recording that an address asks for, as other systems' documents point to it. */
function asked(): string | null {
  const which = new URLSearchParams(location.search).get("recording");
  return which !== null && /^[a-z]{1,4}_[a-z2-7]{16}$/.test(which) ? which : null;
}

function ArchiveTop({ session, onSignOut }: Pick<InsideProps, "session" | "onSignOut">) {
  const t = useTexts();
  const local = useLocal();
  const now = useServerNow(5_000);
  const name = local(session.practitioner.name);
  return (
    <header class="desk-top" data-pane="top">
      <span class="brand">
        <Icon name="mark" />
        <span>{local(session.hospital)}</span>
      </span>
      <nav class="places" aria-label={t.archive.places}>
        {session.role === "practitioner" && <a href="/desk">{t.archive.toDesk}</a>}
        <a href="/archive" aria-current="page">
          {t.archive.toArchive}
        </a>
      </nav>
      <span class="grow" />
      <time class="clock">{timeOfDay(t, now)}</time>
      <LanguageButton />
      <span class="who-top">
        <span class="avatar avatar-s" aria-hidden="true">
          {initials(name)}
        </span>
        <span class="who-name">{session.role === "practitioner" ? t.doctor(name) : name}</span>
      </span>
      <button type="button" class="btn btn-quiet" name="sign_out" aria-label={t.desk.signOut} onClick={onSignOut}>
        <Icon name="log-out" />
        <span class="out-word">{t.desk.signOut}</span>
      </button>
    </header>
  );
}
