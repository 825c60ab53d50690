// What the list of invocations is narrowed by. Each change is in the address.

import { pathTo } from '../route/path';
import { go } from '../route/router';
import { type Filter, OUTCOMES } from '../state/filter';
import { app } from '../state/store';

export function FilterBar({ filter, hasPayloads }: { filter: Filter; hasPayloads: boolean }) {
  const set = (change: Filter): void => go(pathTo(['invocations'], { ...filter, ...change } as Record<string, string | undefined>), { replace: true });
  const names = ['endpoint', ...(app.value?.workers ?? []).map((worker) => worker.name)];
  const isNarrowed = Object.keys(filter).length > 0;
  return (
    <form class="filters" role="search" aria-label="Filter" onSubmit={(event) => event.preventDefault()}>
      <label class="search">
        <span class="visually-hidden">Search in ids, workers, errors and payloads</span>
        <input
          type="search"
          placeholder="Search"
          autocomplete="off"
          spellcheck={false}
          value={filter.q ?? ''}
          title={hasPayloads || filter.q === undefined ? 'ids, workers, errors, payloads' : 'ids, workers, errors'}
          onInput={(event) => set({ q: event.currentTarget.value || undefined } as Filter)}
          onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
        />
        <kbd aria-hidden="true">/</kbd>
      </label>
      <Choice label="Worker" value={filter.worker} options={names} onChange={(worker) => set({ worker } as Filter)} />
      <Choice label="Outcome" value={filter.outcome} options={OUTCOMES} onChange={(outcome) => set({ outcome } as Filter)} />
      <Choice label="Mode" value={filter.mode} options={['sync', 'event']} onChange={(mode) => set({ mode } as Filter)} />
      {filter.from !== undefined && (
        <button type="button" class="chip" onClick={() => set({ from: undefined } as unknown as Filter)}>
          called by {filter.from === '-' ? 'nobody here' : filter.from} <span aria-hidden="true">×</span><span class="visually-hidden">, take away</span>
        </button>
      )}
      {isNarrowed && <a class="chip" href="/invocations">Clear</a>}
    </form>
  );
}

interface ChoiceProps {
  label: string;
  value: string | undefined;
  options: string[];
  onChange: (value: string | undefined) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  const all = value === undefined || options.includes(value) ? options : [value, ...options];
  return (
    <label class="choice">
      <span class="visually-hidden">{label}</span>
      <select value={value ?? ''} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
        <option value="">{label}: all</option>
        {all.map((option) => <option key={option} value={option}>{option}</option>)}
      </select>
    </label>
  );
}
