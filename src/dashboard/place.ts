// Where the person is: the address of the page, which links change without loading it again.
import { computed, signal } from '@preact/signals';

const address = signal(location.href);

export const place = computed(() => new URL(address.value));

export function go(href: string): void {
  const to = new URL(href, location.href);
  const isOther = to.pathname !== location.pathname;
  history.pushState(null, '', to);
  address.value = to.href;
  if (isOther) window.scrollTo(0, 0);
  else if (to.hash !== '') document.getElementById(to.hash.slice(1))?.scrollIntoView();
}

/** Without a step back to where it was: what is being typed. */
export function replace(href: string): void {
  const to = new URL(href, location.href);
  history.replaceState(null, '', to);
  address.value = to.href;
}

/** The address with other values in its query; an empty one goes. */
export function withQuery(changes: Readonly<Record<string, string>>): string {
  const to = new URL(place.value);
  for (const [key, value] of Object.entries(changes)) {
    if (value === '') to.searchParams.delete(key);
    else to.searchParams.set(key, value);
  }
  return to.pathname + to.search;
}

/** Undefined where the address names no run. */
export function runIdAt(pathname: string): string | undefined {
  const [, coded] = /^\/runs\/([^/]+)$/.exec(pathname) ?? [];
  try {
    return coded === undefined ? undefined : decodeURIComponent(coded);
  } catch {
    return undefined;
  }
}

export function runHref(id: string): string {
  return `/runs/${encodeURIComponent(id)}`;
}

/** Links to pages of this dashboard are followed here; all others, and those opened elsewhere, by the browser. */
export function followLinks(): void {
  addEventListener('popstate', () => {
    address.value = location.href;
  });
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const to = new URL(link.href, location.href);
    if (link.target || link.hasAttribute('download') || to.origin !== location.origin) return;
    if (to.pathname !== '/' && runIdAt(to.pathname) === undefined) return;
    event.preventDefault();
    go(to.href);
  });
}
