// The theme: light, dark, or that of the system.

import { signal } from '@preact/signals';
import { type Theme, storeTheme, storedTheme } from '../store/local_storage';

const theme = signal<Theme | undefined>(storedTheme());
const ORDER: (Theme | undefined)[] = [undefined, 'light', 'dark'];

export function applyTheme(): void {
  const root = document.documentElement;
  if (theme.value === undefined) root.removeAttribute('data-theme');
  else root.setAttribute('data-theme', theme.value);
}

export function ThemeButton() {
  const themeName = theme.value ?? 'system';
  const selectNext = (): void => {
    theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length];
    storeTheme(theme.value);
    applyTheme();
  };
  return (
    <button type="button" class="icon" aria-label={`Theme: ${themeName}`} title={`Theme: ${themeName}`} onClick={selectNext}>
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        {themeName === 'system' && <path d="M2 3.5h12v8H2zM5.5 14h5" />}
        {themeName === 'light' && <path d="M8 5a3 3 0 1 0 .01 0M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8L13 13M13 3l-1.2 1.2M4.2 11.8L3 13" />}
        {themeName === 'dark' && <path d="M13.5 9.7A6 6 0 0 1 6.3 2.5a6 6 0 1 0 7.2 7.2z" />}
      </svg>
    </button>
  );
}
