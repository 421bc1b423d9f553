// Who the person before the page is: a bearer token and a name, kept for this tab alone.
import { signal } from '@preact/signals';

const TOKEN = 'overhaul.token';
const NAME = 'overhaul.name';

export const token = signal(sessionStorage.getItem(TOKEN) ?? '');
/** As whom decisions are made where the server asks nobody who they are. */
export const name = signal(sessionStorage.getItem(NAME) ?? '');
/** The server let nobody in: a token is asked for. */
export const tokenWanted = signal(false);

export function keepToken(value: string): void {
  keep(TOKEN, value);
  token.value = value;
  tokenWanted.value = false;
}

export function keepName(value: string): void {
  keep(NAME, value);
  name.value = value;
}

function keep(key: string, value: string): void {
  if (value === '') sessionStorage.removeItem(key);
  else sessionStorage.setItem(key, value);
}
