/** A still of one's own camera: a small JPEG, for when moving pictures cannot pass. Decides its size; never when. */

/** Wide enough for a face; the server takes up to 640. */
const WIDEST_PX = 480;
/** In octets of JPEG; in base64 a third more, and the message has room for 56 KiB. */
const LARGEST = 40_000;
const QUALITIES = [0.7, 0.55, 0.4, 0.25, 0.15];
const READY_MS = 1_500;

export class StillCamera {
  private readonly video = document.createElement("video");
  private readonly canvas = document.createElement("canvas");

  constructor(stream: MediaStream) {
    this.video.muted = true;
    this.video.playsInline = true;
    this.video.srcObject = stream;
    void this.video.play().catch(() => undefined);
  }

  /** The picture of now in base64, or null when there is none to be had. */
  async take(): Promise<string | null> {
    if (!(await this.isReady())) return null;
    const { videoWidth, videoHeight } = this.video;
    const scale = Math.min(1, WIDEST_PX / Math.max(videoWidth, videoHeight));
    this.canvas.width = Math.round(videoWidth * scale);
    this.canvas.height = Math.round(videoHeight * scale);
    this.canvas.getContext("2d")?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    for (const quality of QUALITIES) {
      const blob = await new Promise<Blob | null>((done) => this.canvas.toBlob(done, "image/jpeg", quality));
      if (blob !== null && blob.size <= LARGEST) return toBase64(new Uint8Array(await blob.arrayBuffer()));
    }
    return null;
  }

  close(): void {
    this.video.srcObject = null;
  }

  private async isReady(): Promise<boolean> {
    const until = performance.now() + READY_MS;
    while (this.video.videoWidth < 3 && performance.now() < until) await new Promise((done) => setTimeout(done, 50)); // the first frame comes a moment after the stream
    return this.video.videoWidth >= 3;
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** The JPEG of a still that came, as an address in this page; null when it is no base64. */
export function stillAddress(image: string): string | null {
  try {
    const bytes = Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0));
    return URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
  } catch {
    return null;
  }
}
