/** A text as a QR code (ISO/IEC 18004), for another device's camera. The encoder is fetched only when a code is shown. */

import { useEffect, useState } from "preact/hooks";

/** Quiet zone that the standard asks for, in modules. */
const QUIET = 4;

interface QrProps {
  /** What the camera reads. */
  text: string;
  /** What a screen reader says in place of the picture. */
  label: string;
}

/** Dark on white in both schemes: not every reader takes an inverted code. Its place is kept while it is made. */
export function Qr({ text, label }: QrProps) {
  const [drawing, setDrawing] = useState<Drawing | null>(null);
  useEffect(() => {
    let over = false;
    void import("uqr").then(
      ({ encode }) => {
        if (!over) setDrawing(draw(encode(text, { ecc: "M", border: 0 }).data));
      },
      () => undefined, // the line is down: the text stands beside the code anyway
    );
    return () => {
      over = true;
    };
  }, [text]);
  const side = (drawing?.size ?? 33) + 2 * QUIET;
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${side} ${side}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
      data-qr={drawing === null ? "making" : "made"}
    >
      <rect class="qr-paper" width={side} height={side} />
      {drawing !== null && <path class="qr-ink" transform={`translate(${QUIET} ${QUIET})`} d={drawing.path} />}
    </svg>
  );
}

interface Drawing {
  size: number;
  path: string;
}

/** The dark modules as one path, a stroke for each run in a row. Exported for its test. */
export function draw(modules: readonly (readonly boolean[])[]): Drawing {
  const runs: string[] = [];
  modules.forEach((row, y) => {
    let from = -1;
    for (let x = 0; x <= row.length; x++) {
      const dark = row[x] === true;
      if (dark && from < 0) from = x;
      if (dark || from < 0) continue;
      runs.push(`M${from} ${y}h${x - from}v1h${from - x}z`);
      from = -1;
    }
  });
  return { size: modules.length, path: runs.join("") };
}
