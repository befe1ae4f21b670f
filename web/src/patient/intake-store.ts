/** Takes a patient's answers to the server: one message at a time, the newest answers only, again when the line is back.
 * Knows neither what the questions are nor when they are shown. */

import type { Reply } from "../signal/http";
import { type Answers, sameAnswers } from "./intake";

export type Storing = "stored" | "storing" | "unsent" | "refused";

export interface Kept {
  storing: Storing;
  /** Code of the refusal, while `storing` is `refused`. */
  code: string;
}

/** Refusals that pass by themselves. */
const FLEETING = new Set(["unreachable", "timeout", "not_connected", "server_stopping", "busy", "too_many_messages"]);

export class IntakeStore {
  kept: Kept = { storing: "stored", code: "" };
  private unsent: Answers | null = null;
  private latest: Answers;
  private busy = false;

  /** @param known what the server has already */
  constructor(
    known: Answers,
    private readonly send: (answers: Answers) => Promise<Reply<unknown>>,
    private readonly onChange: (kept: Kept) => void,
  ) {
    this.latest = known;
  }

  /** Stores these answers unless they are stored, or under way, already. */
  async put(answers: Answers): Promise<void> {
    if (sameAnswers(answers, this.latest) && this.kept.storing !== "refused") return;
    this.latest = answers;
    this.unsent = answers;
    await this.again();
  }

  /** Tries what is left; to be called when the line is up, and now and then. */
  async again(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.unsent !== null && (await this.tryOne(this.unsent)));
    } finally {
      this.busy = false;
    }
  }

  /** @returns whether it makes sense to go on */
  private async tryOne(answers: Answers): Promise<boolean> {
    this.tell("storing");
    const reply = await this.send(answers);
    const newer = this.unsent !== answers;
    if (!reply.ok && FLEETING.has(reply.error.code)) {
      if (!newer) this.tell("unsent");
      return newer;
    }
    if (newer) return true;
    this.unsent = null;
    if (reply.ok) this.tell("stored");
    else this.tell("refused", reply.error.code);
    return false;
  }

  private tell(storing: Storing, code = ""): void {
    this.kept = { storing, code };
    this.onChange(this.kept);
  }
}
