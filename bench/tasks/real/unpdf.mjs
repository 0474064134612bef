import { extractText, getDocumentProxy } from 'unpdf';

/** The text of a PDF. @param {Uint8Array} bytes */
export async function textOf(bytes) {
  const document = await getDocumentProxy(bytes.slice()); // it moves its bytes away
  const { text } = await extractText(document, { mergePages: true });
  await document.destroy();
  return text;
}
