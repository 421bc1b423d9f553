// What all test files of one Jest run share is made in its main process (global-setup.mjs), which is asked for it here.

/** Made when it is first asked for. */
export async function shared<T>(path: string): Promise<T> {
  const service = process.env['TEST_SUPPORT_URL'];
  if (!service) throw new Error('TEST_SUPPORT_URL is not set: run the tests through Jest with jest.config.json.');
  const answer = (await (await fetch(`${service}${path}`)).json()) as { ok: true; value: T } | { ok: false; problem: string };
  if (!answer.ok) throw new Error(answer.problem);
  return answer.value;
}
