import { PNG } from 'pngjs';

/** Decodes a picture, inverts its colours, and encodes it again. @param {Uint8Array} bytes */
export function inverted(bytes) {
  const picture = PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const { data } = picture;
  for (let at = 0; at < data.length; at++) if (at % 4 !== 3) data[at] ^= 0xff;
  return new Uint8Array(PNG.sync.write(picture));
}
