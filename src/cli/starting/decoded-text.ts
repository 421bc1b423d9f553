/**
 * Text of a file that a person wrote or exported: UTF-8, or UTF-16 as the redirection of Windows PowerShell writes it, told by its mark.
 */
export function decodedText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  return new TextDecoder(encoding).decode(bytes);
}
