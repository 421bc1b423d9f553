// What all pages share: the bar above, the page of the address, and the dialog that is open.
import { useEffect } from 'preact/hooks';
import { OutputDrawer } from '../assets/output-drawer.js';
import { token, tokenWanted } from '../data/token.js';
import { dialog } from '../parts/dialogs.js';
import { place, runIdAt } from '../place.js';
import { DecisionDialog } from './decision-dialog.js';
import { RunList } from './run-list.js';
import { RunPage } from './run-page.js';
import { TokenDialog } from './token-dialog.js';

export function App() {
  const id = runIdAt(place.value.pathname);
  useEffect(() => {
    document.title = id === undefined ? 'Runs · Overhaul' : `${id} · Overhaul`;
  }, [id]);
  const shown = tokenWanted.value ? { kind: 'token' as const } : dialog.value;
  return (
    <>
      <div aria-hidden={shown ? 'true' : undefined}>
        <header class="top">
          <a class="brand" href="/">
            <span class="mark" aria-hidden="true" />
            Overhaul
          </a>
          <button type="button" class="quiet" onClick={askForToken}>
            {token.value === '' ? 'Sign in' : 'Signed in'}
          </button>
        </header>
        {/* Another token may see something else: everything is asked again. */}
        {id === undefined ? <RunList key={token.value} /> : <RunPage key={`${id} ${token.value}`} id={id} />}
      </div>
      {shown ? <Opened shown={shown} /> : null}
    </>
  );
}

function askForToken(): void {
  dialog.value = { kind: 'token' };
}

function Opened({ shown }: { shown: NonNullable<typeof dialog.value> }) {
  switch (shown.kind) {
    case 'token':
      return <TokenDialog />;
    case 'decide':
      return <DecisionDialog key={shown.decision} {...shown} />;
    case 'output':
      return <OutputDrawer key={shown.asset.assetId} {...shown} />;
  }
}
