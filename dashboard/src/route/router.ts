// Navigates between pages with the browser's history, so that every page has a URL. Links are ordinary links.

import { computed, signal } from '@preact/signals';
import { routeOf } from './path';

const currentAddress = (): string => location.pathname + location.search;

export const address = signal(currentAddress());
export const route = computed(() => routeOf(new URL(address.value, location.origin).pathname));
export const parameters = computed(() => new URL(address.value, location.origin).searchParams);
/** Incremented when the page changes, which then takes the focus. */
export const navigationCount = signal(0);

export function start(): void {
  window.addEventListener('popstate', () => setAddress(currentAddress()));
  document.addEventListener('click', onClick);
}

/** Navigates to a URL of this app; with `replace`, replaces the current history entry. */
export function navigate(to: string, { replace = false } = {}): void {
  if (to === currentAddress()) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  setAddress(to);
}

function setAddress(to: string): void {
  const previous = new URL(address.value, location.origin).pathname;
  address.value = to;
  if (new URL(to, location.origin).pathname !== previous) navigationCount.value += 1;
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  const href = link?.getAttribute('href');
  if (!link || !href?.startsWith('/') || link.hasAttribute('target') || link.hasAttribute('download')) return;
  event.preventDefault();
  navigate(href);
}
