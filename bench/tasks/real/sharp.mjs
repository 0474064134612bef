import sharp from 'sharp';

// one thread for a picture, as the pool has the threads; no cache, as each job would find the last one's picture there
sharp.concurrency(1);
sharp.cache(false);

/** A picture made narrower. @param {Uint8Array} bytes */
export const thumbnail = async (bytes) => new Uint8Array(await sharp(bytes).resize(320).png().toBuffer());
