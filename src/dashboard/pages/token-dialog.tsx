// Asks for the bearer token of the person before the page.

import { keepToken, token, tokenWanted } from '../data/token.js';
import { Dialog } from '../parts/dialog.js';
import { closeDialog } from '../parts/dialogs.js';

export function TokenDialog() {
  const close = (): void => {
    tokenWanted.value = false;
    closeDialog();
  };
  const submit = (form: FormData): void => {
    keepToken(String(form.get('token') ?? '').trim());
    close();
  };
  const signOut = (): void => {
    keepToken('');
    close();
  };
  return (
    <Dialog title="Sign in" onClose={close} onSubmit={submit}>
      {tokenWanted.value ? (
        <p class="alarm">{token.value === '' ? 'This server asks who you are.' : 'The server does not know this token.'}</p>
      ) : null}
      <label>
        Bearer token
        <input name="token" type="password" autocomplete="off" spellcheck={false} defaultValue={token.value} />
      </label>
      <p class="soft">It is kept in this tab only and sent to this server only. Your role decides what you may do.</p>
      <div class="row end">
        <button type="button" onClick={close}>
          Close
        </button>
        {token.value === '' ? null : (
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        )}
        <button type="submit" class="primary">
          Sign in
        </button>
      </div>
    </Dialog>
  );
}
