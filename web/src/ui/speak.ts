/** Reads a page aloud with the device's own voice, where it has one. Decides what is read: the heading, then what is
 * marked `data-say`. */

import type { Texts } from "../i18n";

export const canSpeak = (): boolean => "speechSynthesis" in globalThis && "SpeechSynthesisUtterance" in globalThis;

/** What the page says, in order of reading, sentence by sentence. */
export function pageWords(root: ParentNode): string[] {
  const marked = [...root.querySelectorAll<HTMLElement>("h1, [data-say]")];
  return marked
    .map((each) => each.dataset.say || (each.textContent ?? ""))
    .map((words) => words.replace(/\s+/g, " ").trim());
}

/** The voice for a language: exactly that one, else one of the same language, else the device's choice. */
export function voiceFor<V extends { lang: string }>(voices: readonly V[], lang: string): V | null {
  const plain = (tag: string) => tag.toLowerCase().replace("_", "-");
  const wanted = plain(lang);
  return (
    voices.find((each) => plain(each.lang) === wanted) ??
    voices.find((each) => plain(each.lang).split("-")[0] === wanted.split("-")[0]) ??
    null
  );
}

/** Says these sentences instead of what is being said. A browser may refuse before the first touch: then it is silent. */
export function speak(t: Texts, sentences: readonly string[]): void {
  if (!canSpeak()) return;
  speechSynthesis.cancel();
  const voice = voiceFor(speechSynthesis.getVoices(), t.htmlLang);
  for (const sentence of sentences.filter(Boolean)) {
    const said = new SpeechSynthesisUtterance(sentence);
    said.lang = t.htmlLang;
    said.rate = 0.9; // slower than usual: for old ears
    if (voice !== null) said.voice = voice;
    speechSynthesis.speak(said);
  }
}

export function hush(): void {
  if (canSpeak()) speechSynthesis.cancel();
}
