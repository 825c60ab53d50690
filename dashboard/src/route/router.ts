// Moves between views with the browser's history, so that each view is a place. Links are ordinary links.

import { computed, signal } from '@preact/signals';
import { viewOf } from './path';

const here = (): string => location.pathname + location.search;

export const address = signal(here());
export const view = computed(() => viewOf(new URL(address.value, location.origin).pathname));
export const parameters = computed(() => new URL(address.value, location.origin).searchParams);
/** Counts up when another view was gone to, which then takes the focus. */
export const arrivals = signal(0);

export function start(): void {
  window.addEventListener('popstate', () => arrive(here()));
  document.addEventListener('click', clicked);
}

/** Goes to an address of this page; with `replace`, in place of the one in the history. */
export function go(to: string, { replace = false } = {}): void {
  if (to === here()) return;
  if (replace) history.replaceState(null, '', to);
  else history.pushState(null, '', to);
  arrive(to);
}

function arrive(to: string): void {
  const before = new URL(address.value, location.origin).pathname;
  address.value = to;
  if (new URL(to, location.origin).pathname !== before) arrivals.value += 1;
}

function clicked(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  const href = link?.getAttribute('href');
  if (!link || !href?.startsWith('/') || link.hasAttribute('target') || link.hasAttribute('download')) return;
  event.preventDefault();
  go(href);
}
