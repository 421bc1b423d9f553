// Asks why, and decides. Who may decide what, the server knows.
import { useState } from 'preact/hooks';
import { decide } from '../data/client.js';
import { keepName, name, token } from '../data/token.js';
import type { Decision } from '../data/types.js';
import { Dialog } from '../parts/dialog.js';
import { closeDialog } from '../parts/dialogs.js';
import { plain } from '../text/visible.js';

export const LABELS: Readonly<Record<Decision, string>> = {
  approve: 'Approve',
  reject: 'Reject',
  pause: 'Pause',
  resume: 'Resume',
  cancel: 'Cancel',
};

const MEANS: Readonly<Record<Decision, string>> = {
  approve: 'It goes on with what it waits for.',
  reject: 'It ends. What was not sent is skipped.',
  pause: 'Nothing new is sent. What is in flight runs to its end.',
  resume: 'It goes on sending.',
  cancel: 'It sends nothing new, collects what is in flight, and ends.',
};

interface Asked {
  runId: string;
  decision: Decision;
  digest: string | undefined;
  onDone: () => void;
}

export function DecisionDialog({ runId, decision, digest, onDone }: Asked) {
  const [trouble, setTrouble] = useState('');
  const [isSending, setSending] = useState(false);
  const bound = decision === 'approve' || decision === 'reject' ? digest : undefined;
  const send = async (form: FormData): Promise<void> => {
    const reason = String(form.get('reason')).trim();
    const by = String(form.get('by') ?? '').trim();
    keepName(by);
    setSending(true);
    setTrouble('');
    try {
      const order = {
        ...(reason === '' ? {} : { reason }),
        ...(by === '' ? {} : { by }),
        ...(bound === undefined ? {} : { digest: bound }),
      };
      await decide(runId, decision, order);
      closeDialog();
      onDone();
    } catch (error) {
      setTrouble(error instanceof Error ? error.message : String(error));
      setSending(false);
    }
  };
  return (
    <Dialog title={`${LABELS[decision]} ${plain(runId)}`} onClose={closeDialog} onSubmit={(form) => void send(form)}>
      <p>{MEANS[decision]}</p>
      {bound === undefined ? null : (
        <p class="soft">
          Digest <code>{bound}</code>: nothing else than what you have seen.
        </p>
      )}
      <label>
        Reason
        <textarea name="reason" rows={3} maxLength={2_000} placeholder="The audit trail keeps it." />
      </label>
      {token.value === '' ? (
        <label>
          Your name
          <input name="by" autocomplete="name" maxLength={200} defaultValue={name.value} placeholder="local" />
        </label>
      ) : null}
      <div aria-live="assertive">{trouble === '' ? null : <p class="alarm">{plain(trouble)}</p>}</div>
      <div class="row end">
        <button type="button" onClick={closeDialog}>
          Close
        </button>
        <button type="submit" class={decision === 'cancel' || decision === 'reject' ? 'primary danger' : 'primary'} disabled={isSending}>
          {LABELS[decision]}
        </button>
      </div>
    </Dialog>
  );
}
