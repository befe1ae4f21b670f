/** Our drawing of the waiting room. Its chairs are the queue: who is drawn, sits there. */

export interface Sitter {
  you?: boolean;
  tag?: string;
}

interface RoomProps {
  label: string;
  sitters: readonly Sitter[];
  /** Least number of chairs. */
  chairs?: number;
  /** Letters on the plate beside the door; our mark where there are none. */
  plate?: string;
  /** Whether the door stands open: somebody receives. */
  open?: boolean;
  /** Wall above the picture, for tall places. */
  headroom?: number;
  /** Fills its place, cutting off at the right rather than leaving bands. */
  fill?: boolean;
}

const FIRST = 142;
const STEP = 64;
const FLOOR = 206;
const CLOTHES = ["cloth", "cloth2", "cloth3", "cloth"] as const;

/** x of a chair's middle. */
const seatAt = (index: number) => FIRST + STEP * index;

export function Room({ label, sitters, chairs = 4, plate, open = true, headroom = 0, fill }: RoomProps) {
  const count = Math.max(chairs, sitters.length);
  const width = seatAt(count - 1) + (count > 4 ? 98 : 56);
  const height = 232 + headroom;
  return (
    <svg
      class="room"
      viewBox={`0 ${-headroom} ${width} ${height}`}
      preserveAspectRatio={fill ? "xMinYMax slice" : undefined}
      role="img"
      aria-label={label}
    >
      <path class="wall2" d={`M0 118h${width}v74H0z`} />
      <path class="floor" d={`M0 192h${width}v40H0z`} />
      <path class="wood" d={`M0 188h${width}v4H0z`} />
      <path class="wood" d={`M0 116h${width}v3H0z`} opacity=".5" />
      <Window x={width - 118} />
      <Door open={open} plate={plate ?? ""} />
      <Plant x={width - 14} />
      {Array.from({ length: count }, (_, index) => (
        <g key={index} transform={`translate(${seatAt(index)} ${FLOOR})`}>
          <path class="wood" d="M-21-66h42v30h-42z" />
          <path class="wood2" d="M-24-36h48v8h-48zM-20-28h5V0h-5zM15-28h5V0h-5z" />
          {sitters[index] && <Person sitter={sitters[index]} index={index} />}
        </g>
      ))}
    </svg>
  );
}

function Window({ x }: { x: number }) {
  return (
    <g transform={`translate(${x} 0)`}>
      <path class="pane-glass" d="M0 24h84v70H0z" />
      <path class="leaf" d="M0 94v-22c14-14 26-4 40-16s26-10 44 0v38z" opacity=".55" />
      <path class="woodline" d="M0 24h84v70H0zM42 24v70M0 58h84" />
    </g>
  );
}

function Door({ open, plate }: { open: boolean; plate: string }) {
  return (
    <>
      {open && <path class="glow" d="M92 192h-62l-30 40h118z" />}
      <path class="wood2" d="M14 36h84v156H14z" />
      {open ? (
        <>
          <path class="light" d="M22 44h68v148H22z" />
          <path class="wood" d="M22 44l50 8v146l-50-6z" />
          <path class="woodline" d="M31 62l32 5v44l-32-2zM31 124l32 2v48l-32-3z" />
          <circle class="wood2" cx="66" cy="126" r="3.5" />
        </>
      ) : (
        <>
          <path class="wood" d="M22 44h68v148H22z" />
          <path class="woodline" d="M34 58h44v48H34zM34 122h44v56H34z" />
          <circle class="wood2" cx="83" cy="115" r="3.5" />
        </>
      )}
      <rect class="plate-sign" x="106" y="60" width="34" height="24" rx="3" />
      {plate ? (
        <text class="plate-text" x="123" y="77" text-anchor="middle">
          {plate}
        </text>
      ) : (
        <g class="plate-mark" transform="translate(115.5 64.500) scale(.62)">
          <path d="M19.2 6.2A9 9 0 1 0 19.2 17.8" />
          <circle cx="15.5" cy="12" r="3.2" />
        </g>
      )}
    </>
  );
}

function Plant({ x }: { x: number }) {
  return (
    <g transform={`translate(${x} ${FLOOR})`}>
      <path class="leaf2" d="M0-26c-8-30-20-40-34-48 0 26 14 42 34 48zM0-26c-4-34 2-56 12-74 12 26 6 54-12 74z" />
      <path class="leaf" d="M0-26c-14-18-24-22-38-22 6 16 20 24 38 22zM0-26c2-30 16-42 30-46-2 24-12 40-30 46z" />
      <path class="pot" d="M-13-28h26l-4 28H-9z" />
    </g>
  );
}

function Person({ sitter, index }: { sitter: Sitter; index: number }) {
  const cloth = sitter.you ? "you" : CLOTHES[index % CLOTHES.length];
  return (
    <g class="sitter">
      <path class="skin" d="M-5-66h10v10h-10z" />
      <path class={cloth} d="M-19-32v-16c0-11 8-16 19-16s19 5 19 16v16z" />
      <path class="trouser" d="M-18-38h16v11h-16zM2-38h16v11H2zM-16-30h12v26h-12zM4-30h12v26H4z" />
      <path class="shoe" d="M-18-6h15v6h-15zM3-6h15v6H3z" />
      <circle class="skin" cy="-76" r="12" />
      <path
        class={index % 3 === 1 || sitter.you ? "hair2" : "hair"}
        d="M-13-75c-1-12 5-17 13-17s14 5 13 17c-4-6-6-8-9-9-5 3-11 3-13 1-2 2-3 5-4 8z"
      />
      {sitter.tag && <Tag text={sitter.tag} />}
    </g>
  );
}

function Tag({ text }: { text: string }) {
  const half = Math.max(22, 12 + text.length * 6);
  return (
    <g transform="translate(0 -106)">
      <rect class="tagbox" x={-half} y="-15" width={half * 2} height="26" rx="13" />
      <path class="tagbox" d="M-6 10h12l-6 7z" />
      <text class="tagtext" text-anchor="middle" y="4">
        {text}
      </text>
    </g>
  );
}
