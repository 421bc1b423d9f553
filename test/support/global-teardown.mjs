export default async function globalTeardown() {
  await globalThis.overhaulTestSupport?.stop();
}
