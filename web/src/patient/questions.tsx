/** The questions before the visit: one to a screen, Back always works, each answer is stored as one goes on. */

import { useRef } from "preact/hooks";
import { errorText, useTexts } from "../i18n";
import type { Line } from "../signal/line";
import type { SeatState } from "../signal/messages";
import { Field } from "../ui/field";
import { Icon } from "../ui/icon";
import { Heading, ReadAloud, Top } from "../ui/screen";
import { LONGEST, QUESTIONS, RED_FLAGS, type Words } from "./intake";
import { Photos } from "./photos";
import type { RunningIntake } from "./use-intake";

interface QuestionsProps {
  state: SeatState;
  line: Line;
  intake: RunningIntake;
  /** Before the first question. */
  onBack(): void;
  onLater(): void;
}

export function Questions({ state, line, intake, onBack, onLater }: QuestionsProps) {
  const t = useTexts();
  const { question, advice } = intake.state;
  const number = QUESTIONS.indexOf(question) + 1;
  const back = () => (number === 1 && !advice ? onBack() : intake.happened({ type: "went_back" }));
  const submit = (event: Event) => {
    event.preventDefault();
    intake.happened({ type: "went_on" });
    scrollTo(0, 0);
  };
  if (advice) return <Advice number={state.emergency_number} intake={intake} onBack={back} />;
  return (
    <form class="page" onSubmit={submit} noValidate>
      <Top title="" onBack={back} />
      <main class="body stack gap-l" data-screen="questions" data-question={question}>
        <Pips number={number} />
        {question === "flags" && <Flags intake={intake} />}
        {question === "photos" && <PhotosQuestion state={state} line={line} />}
        {question !== "flags" && question !== "photos" && <Written key={question} words={question} intake={intake} />}
        <ReadAloud again={question} />
        <Kept intake={intake} />
      </main>
      <footer class="foot">
        <div class="foot-two">
          <button type="button" class="btn btn-large" onClick={back}>
            {t.back}
          </button>
          <button type="submit" class="btn btn-main btn-large" data-next="">
            {nextWord()}
          </button>
        </div>
        <button type="button" class="btn btn-quiet btn-wide" data-later="" onClick={onLater}>
          {t.questions.later}
        </button>
      </footer>
    </form>
  );

  function nextWord(): string {
    if (number === QUESTIONS.length) return t.questions.last;
    return question === "flags" && intake.state.answers.red_flags.length === 0
      ? t.questions.noneNext
      : t.questions.next;
  }
}

function Pips({ number }: { number: number }) {
  const t = useTexts();
  return (
    <div class="stack gap-s">
      <p class="small second" id="step">
        {t.questions.step(number, QUESTIONS.length)}
      </p>
      <div class="pips" role="img" aria-labelledby="step">
        {QUESTIONS.map((each, index) => (
          <i key={each} class={index < number ? "done" : undefined} />
        ))}
      </div>
    </div>
  );
}

function Flags({ intake }: { intake: RunningIntake }) {
  const t = useTexts();
  const ticked = intake.state.answers.red_flags;
  return (
    <fieldset class="stack gap-m">
      <legend>
        <Heading key="flags" page={t.questions.page}>
          {t.questions.flags.heading}
        </Heading>
      </legend>
      <p class="second" data-say="">
        {t.questions.flags.body}
      </p>
      {RED_FLAGS.map((flag) => (
        <label key={flag} class={ticked.includes(flag) ? "choice choice-on" : "choice"} data-say="">
          <input
            type="checkbox"
            name={flag}
            checked={ticked.includes(flag)}
            onChange={() => intake.happened({ type: "flag_switched", flag })}
          />
          <span>{t.questions.flags[flag]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Written({ words, intake }: { words: Words; intake: RunningIntake }) {
  const t = useTexts();
  const area = useRef<HTMLTextAreaElement>(null);
  const its = t.questions[words];
  const write = (text: string) => intake.happened({ type: "written", words, text });
  const text = intake.state.answers[words];
  return (
    <>
      <div class="stack gap-s">
        <Heading page={t.questions.page}>{its.heading}</Heading>
        <p class="second" data-say="">
          {its.body}
        </p>
      </div>
      <Field id={words} label={its.label} hint={t.questions.optional} error={null}>
        <textarea
          ref={area}
          class="textarea"
          id={words}
          name={words}
          rows={4}
          maxLength={LONGEST[words]}
          placeholder={its.example}
          value={text}
          aria-describedby={`${words}-hint`}
          onInput={(event) => write(event.currentTarget.value)}
        />
      </Field>
      {words === "allergies" && text.trim() === "" && (
        <button type="button" class="btn btn-wide" onClick={() => write(t.questions.allergies.none)}>
          {t.questions.allergies.none}
        </button>
      )}
    </>
  );
}

function PhotosQuestion({ state, line }: { state: SeatState; line: Line }) {
  const t = useTexts();
  const its = t.questions.photos;
  return (
    <>
      <div class="stack gap-s">
        <Heading key="photos" page={t.questions.page}>
          {its.heading}
        </Heading>
        <p class="second" data-say="">
          {its.body}
        </p>
      </div>
      <Photos state={state} line={line} none={its.none} />
      <p class="third">{its.after}</p>
    </>
  );
}

/** Said only when there is something to say: that it is stored goes without words. */
function Kept({ intake }: { intake: RunningIntake }) {
  const t = useTexts();
  return (
    <div role="status" data-storing={intake.storing}>
      {intake.storing === "unsent" && <p class="second small">{t.questions.unsaved}</p>}
      {intake.storing === "refused" && (
        <p class="error">
          <Icon name="triangle-alert" />
          <span>{errorText(t, intake.code)}</span>
        </p>
      )}
    </div>
  );
}

interface AdviceProps {
  number: string;
  intake: RunningIntake;
  onBack(): void;
}

/** A red flag was ticked: the number first, and what the hospital knows. */
function Advice({ number, intake, onBack }: AdviceProps) {
  const t = useTexts();
  const words = t.questions.advice;
  const flags = intake.state.answers.red_flags;
  const told = { stored: words.told, storing: words.telling, unsent: words.untold, refused: words.untold }[
    intake.storing
  ];
  return (
    <div class="page">
      <Top title="" onBack={onBack} />
      <main class="body stack gap-l" data-screen="advice">
        <Heading page={t.questions.page}>{words.heading(number)}</Heading>
        <p class="lead" data-say="">
          {flags.length === 1 && flags[0] === "self_harm" ? words.selfHarm : words.body}
        </p>
        <a class="btn btn-red btn-large btn-wide" href={`tel:${number}`}>
          <Icon name="phone" />
          <span>{words.call(number)}</span>
        </a>
        {flags.length > 1 && flags.includes("self_harm") && <p class="second">{words.selfHarm}</p>}
        <p role="status" data-say="" data-told={intake.storing}>
          {told}
        </p>
        <ReadAloud />
      </main>
      <footer class="foot">
        <button
          type="button"
          class="btn btn-large btn-wide"
          data-next=""
          onClick={() => {
            intake.happened({ type: "went_on" });
            scrollTo(0, 0);
          }}
        >
          {words.stay}
        </button>
      </footer>
    </div>
  );
}
