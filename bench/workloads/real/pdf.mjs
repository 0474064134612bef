import { deflateSync } from 'node:zlib';

const LINES = 60;
const COLUMNS = 90;

/**
 * Sets text in Helvetica, as a PDF with compressed pages.
 *
 * @param {string} text only its ASCII characters are kept.
 * @param {number} mostPages
 * @returns {Uint8Array}
 */
export function pdfOf(text, mostPages) {
  const lines = text.split('\n').flatMap((line) => line.match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? ['']);
  const pages = [];
  for (let at = 0; at < lines.length && pages.length < mostPages; at += LINES) pages.push(lines.slice(at, at + LINES));
  // the catalog, the tree of pages, and the font come first; then two objects for each page
  const kids = pages.map((_, index) => `${4 + 2 * index} 0 R`);
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    `<< /Type /Pages /Kids [${kids.join(' ')}] /Count ${pages.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
  ].map((object) => Buffer.from(object));
  for (const [index, page] of pages.entries()) {
    const content = deflateSync(contentOf(page));
    objects.push(
      Buffer.from(
        `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${5 + 2 * index} 0 R ` +
          '/Resources << /Font << /F1 3 0 R >> >> >>',
      ),
      Buffer.concat([
        Buffer.from(`<< /Length ${content.length} /Filter /FlateDecode >>\nstream\n`),
        content,
        Buffer.from('\nendstream'),
      ]),
    );
  }
  return fileOf(objects);
}

function contentOf(lines) {
  const shown = lines.map((line) => {
    const plain = line.replace(/[^\x20-\x7e]/g, '');
    return `(${plain.replace(/[\\()]/g, '\\$&')}) Tj T*`;
  });
  return `BT /F1 10 Tf 12 TL 40 800 Td\n${shown.join('\n')}\nET`;
}

/** The objects, numbered from 1, and the table of where each begins. */
function fileOf(objects) {
  const parts = [Buffer.from('%PDF-1.4\n')];
  const offsets = [];
  let length = parts[0].length;
  for (const [index, object] of objects.entries()) {
    offsets.push(length);
    const part = Buffer.concat([Buffer.from(`${index + 1} 0 obj\n`), object, Buffer.from('\nendobj\n')]);
    parts.push(part);
    length += part.length;
  }
  const entries = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`);
  const end = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${entries.join('')}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${length}\n%%EOF\n`;
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(end)]));
}
