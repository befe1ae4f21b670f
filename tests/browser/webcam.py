"""What somebody before a webcam looks like to an encoder, in the place of a picture of noise, which no camera makes.

640 x 480, 15 frames a second: a person who talks (the head sways and nods, mouth and eyes open and close, shoulders breathe,
a hand comes up now and then) before a wall of shelves, and over all of it the noise of a small sensor in a room with the light
on, which is new in each frame. The noise is what makes a large picture of it dear and a small one cheap, as with a camera:
scaled to half its lines it is half as strong.
"""

SCENE = """
((canvas) => {
  const { width, height } = Object.assign(canvas, { width: 640, height: 480 });
  const brush = canvas.getContext('2d', { alpha: false });
  let seed = 7;
  const chance = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  const canvasOf = (wide, tall) => Object.assign(document.createElement('canvas'), { width: wide, height: tall });
  const room = canvasOf(width, height);
  const paint = room.getContext('2d');
  const wall = paint.createLinearGradient(0, 0, width, height);
  wall.addColorStop(0, '#b9b4a6'); wall.addColorStop(1, '#6f6a60');
  paint.fillStyle = wall; paint.fillRect(0, 0, width, height);
  for (let shelf = 40; shelf < height; shelf += 110) {
    paint.fillStyle = '#4d3d2c'; paint.fillRect(0, shelf + 84, width, 9);
    for (let x = 4; x < width; x += 0) {
      const wide = 8 + chance() * 20;
      const tall = 50 + chance() * 32;
      paint.fillStyle = `hsl(${chance() * 360} ${15 + chance() * 30}% ${25 + chance() * 40}%)`;
      paint.fillRect(x, shelf + 84 - tall, wide - 2, tall);
      paint.fillStyle = 'rgb(235 230 215 / 70%)'; paint.fillRect(x + 2, shelf + 84 - tall * 0.7, wide - 6, 6);
      x += wide;
    }
  }
  const bell = () => { let sum = -3; for (let i = 0; i < 6; i++) sum += chance(); return sum * 1.414; };
  const grains = Array.from({ length: 8 }, () => {
    const grain = canvasOf(width + 64, height + 64);
    const pen = grain.getContext('2d');
    const pixels = pen.createImageData(grain.width, grain.height);
    for (let i = 0; i < pixels.data.length; i += 4) {
      const off = bell() * 5;
      pixels.data.fill(off > 0 ? 255 : 0, i, i + 3);
      pixels.data[i + 3] = Math.min(255, Math.round(Math.abs(off) * 2)); // half of the way to black or white at mid grey
    }
    pen.putImageData(pixels, 0, 0);
    return grain;
  });
  const blob = (x, y, wide, tall, turn, colour) => {
    brush.fillStyle = colour; brush.beginPath(); brush.ellipse(x, y, wide, tall, turn, 0, 7); brush.fill();
  };
  return (turn) => {
    const t = turn / 15;
    const x = 320 + 34 * Math.sin(t * 0.9) + 9 * Math.sin(t * 3.1);
    const y = 215 + 12 * Math.sin(t * 1.7) + 4 * Math.sin(t * 5.3);
    const lean = 0.09 * Math.sin(t * 1.3);
    brush.drawImage(room, 0, 0);
    const coat = brush.createLinearGradient(120, 0, 520, 0);
    coat.addColorStop(0, '#31506b'); coat.addColorStop(0.5, '#5b86a8'); coat.addColorStop(1, '#28435b');
    brush.fillStyle = coat;
    blob(320 + (x - 320) * 0.4, 520 + 4 * Math.sin(t * 1.6), 235, 175, 0, coat);
    for (let line = -5; line <= 5; line++) {
      brush.fillStyle = 'rgb(20 35 50 / 45%)';
      brush.fillRect(320 + (x - 320) * 0.4 + line * 34 + 5 * Math.sin(t + line), 385, 4, 95);
    }
    brush.save();
    brush.translate(x, y); brush.rotate(lean); brush.translate(-x, -y);
    blob(x, y - 32, 98, 122, 0, '#2d221b');
    const skin = brush.createRadialGradient(x - 30, y - 25, 10, x, y, 130);
    skin.addColorStop(0, '#efc7a6'); skin.addColorStop(1, '#a8714f');
    brush.fillStyle = skin; brush.fillRect(x - 32, y + 80, 64, 70);
    blob(x, y, 82, 112, 0, skin);
    const shut = t % 3.4 < 0.15;
    for (const side of [-1, 1]) {
      blob(x + side * 33, y - 18, 15, shut ? 2 : 8, 0, '#f4efe8');
      if (!shut) blob(x + side * 33 + 4 * Math.sin(t * 1.1), y - 18, 6, 7, 0, '#2b3a2f');
      brush.fillStyle = '#3a2a20'; brush.fillRect(x + side * 33 - 18, y - 38 + 3 * Math.sin(t * 2.3), 36, 5);
    }
    blob(x, y + 16, 9, 17, 0, '#b57d5a');
    blob(x, y + 56, 24 + 6 * Math.sin(t * 7.1), 4 + 9 * Math.abs(Math.sin(t * 8.3)), 0, '#6a2b28');
    brush.restore();
    const up = Math.max(0, Math.sin(t * 0.7) - 0.4) * 200;
    if (up > 0) for (let finger = 0; finger < 5; finger++)
      blob(500 + finger * 15 + 14 * Math.sin(t * 4.3), 470 - up + Math.abs(finger - 2) * 8, 8, 36, 0.1 * (finger - 2), '#c98f6b');
    brush.drawImage(grains[turn % grains.length], -Math.floor(chance() * 64), -Math.floor(chance() * 64));
  };
})
"""
