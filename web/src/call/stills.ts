/** Stills, both ways: one's own go out over the line when the call orders it; those of others are kept, the latest of each. */

import type { Line } from "../signal/line";
import { StillCamera, stillAddress } from "./still";

export interface Still {
  /** Address of the JPEG in this page. */
  address: string;
  /** When it was taken, in seconds since 1970 UTC by the hospital's clock. */
  at: number;
}

export class Stills {
  seen: ReadonlyMap<string, Still> = new Map();
  private camera: { stream: MediaStream; still: StillCamera } | null = null;
  private readonly stop: () => void;

  constructor(
    private readonly seat: string,
    private readonly line: Line,
    onSeen: () => void,
  ) {
    this.stop = line.on("still_seen", (still) => {
      const address = stillAddress(still.image);
      if (address === null) return;
      const before = this.seen.get(still.seat);
      this.seen = new Map([...this.seen, [still.seat, { address, at: still.at }]]);
      if (before !== undefined) setTimeout(() => URL.revokeObjectURL(before.address), 1_000); // still on the screen
      onSeen();
    });
  }

  async send(stream: MediaStream | null): Promise<void> {
    if (stream === null) return;
    if (this.camera?.stream !== stream) {
      this.camera?.still.close();
      this.camera = { stream, still: new StillCamera(stream) };
    }
    const image = await this.camera.still.take().catch(() => null);
    if (image !== null) await this.line.send("still_send", { seat: this.seat, image });
  }

  close(): void {
    this.stop();
    this.camera?.still.close();
    for (const { address } of this.seen.values()) URL.revokeObjectURL(address);
  }
}
