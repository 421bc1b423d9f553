// Every secret that this process has read, so that none of them leaves it: in a log, an error, a history or an answer, whoever put it there.
// A path such as `password` is no protection against a gateway that repeats the password in the text of its error.

/** Shorter ones are part of ordinary words, and would be taken out of these. */
export const SHORTEST_SECRET = 6;
/** Values at a time, rotated ones among them: the one used longest ago goes first. */
const KEPT = 1_000;
/** A part of a secret that counts as one itself: a key of a ring, a line of a PEM. */
const SHORTEST_PART = 16;
/** Of a secret within something that is base64 as a whole, such as `user:password`: less of it would be found by chance. */
const SHORTEST_INNER = 8;

const CENSOR = '[secret]';

/** Each with the forms in which it can be found. */
const known = new Map<string, readonly string[]>();
let forms: readonly string[] | undefined;

/** Called wherever a secret is read; what it returns is the same text. */
export function rememberSecret(text: string): string {
  const before = known.get(text);
  known.delete(text);
  known.set(text, before ?? [...new Set(partsOf(text).flatMap(formsOf))]);
  if (before) return text;
  const [oldest] = known.keys();
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
  forms = undefined;
  return text;
}

/** The password within a URL, such as that of a proxy. */
export function rememberUserInfo(url: string | undefined): void {
  const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  for (const part of parsed ? [parsed.password] : []) {
    rememberSecret(part);
    rememberSecret(attempt(() => decodeURIComponent(part)) ?? part);
  }
}

/** The same text without any of them, in whatever way it may have come there. Looking for one costs little where it is not. */
export function withoutSecrets(text: string): string {
  // The longest first, so that nothing is left of one that contains another.
  forms ??= [...new Set([...known.values()].flat())].sort((one, other) => other.length - one.length);
  let clean = text;
  for (const form of forms) if (clean.includes(form)) clean = clean.replaceAll(form, CENSOR);
  return clean;
}

/** Itself, and what is a secret by itself in it: the keys of a ring, the lines of a PEM, a signing secret without its prefix. */
function partsOf(secret: string): string[] {
  if (secret.length < SHORTEST_SECRET) return [];
  const inner = secret.split(/[\s,:]+|\\n|^wh(?:sec|sk|pk)_|-----(?:BEGIN|END)[^-]*-----/).filter((part) => part.length >= SHORTEST_PART);
  return [secret, ...inner];
}

/** As it is, and as it stands in JSON (twice, where an error quotes JSON), in a URL, in base64 and in hexadecimal. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const json = JSON.stringify(secret).slice(1, -1);
  const percent = encodeURIComponent(secret.toWellFormed());
  const unreserved = percent.replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const percents = [percent, unreserved, new URLSearchParams({ x: secret }).toString().slice('x='.length)];
  return [
    secret,
    json,
    JSON.stringify(json).slice(1, -1),
    ...percents,
    ...percents.map((text) => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())),
    ...within(bytes).flatMap((text) => [text, text.replaceAll('+', '-').replaceAll('/', '_'), text.replaceAll('/', '\\/')]),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
  ];
}

/** Base64 of a text that contains it: by where it begins there, three ways, without the characters that its neighbours change. */
function within(bytes: Buffer): string[] {
  return [0, 1, 2]
    .map((before) => {
      const text = Buffer.concat([Buffer.alloc(before), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      const from = before === 0 ? 0 : before + 1;
      const whole = (before + bytes.length) % 3 === 0 ? text.length : text.length - 1;
      return text.slice(from, whole);
    })
    .filter((text) => text.length >= SHORTEST_INNER);
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
