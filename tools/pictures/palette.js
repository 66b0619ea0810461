// The picture with 256 colours: those that most pixels have, in steps of 8; all others become the nearest of them.
"use strict";

async function indexed(source) {
  const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${source}`)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height), drawn = canvas.getContext("2d");
  drawn.drawImage(image, 0, 0);
  const pixels = drawn.getImageData(0, 0, image.width, image.height).data, key = (at) =>
    ((pixels[at] >> 3) << 10) | ((pixels[at + 1] >> 3) << 5) | (pixels[at + 2] >> 3);
  const counts = new Uint32Array(1 << 15), sums = new Float64Array(3 << 15);
  for (let at = 0; at < pixels.length; at += 4) {
    const one = key(at);
    counts[one]++;
    for (let part = 0; part < 3; part++) sums[3 * one + part] += pixels[at + part];
  }
  const known = [...counts.keys()].filter((one) => counts[one]).sort((a, b) => counts[b] - counts[a]);
  const mean = (one) => [0, 1, 2].map((part) => Math.round(sums[3 * one + part] / counts[one]));
  const palette = known.slice(0, 256).map(mean), place = new Uint8Array(1 << 15);
  known.forEach((one, order) => {
    const wanted = mean(one), far = (have) => have.reduce((sum, value, part) => sum + (value - wanted[part]) ** 2, 0);
    place[one] = order < 256 ? order : palette.reduce((best, have, index) => (far(have) < far(palette[best]) ? index : best), 0);
  });
  const rows = new Uint8Array(image.width * image.height);
  for (let at = 0; at < rows.length; at++) rows[at] = place[key(4 * at)];
  let text = "";
  for (let at = 0; at < rows.length; at += 1 << 15) text += String.fromCharCode(...rows.subarray(at, at + (1 << 15)));
  return { width: image.width, height: image.height, palette: palette.flat(), rows: btoa(text) };
}
