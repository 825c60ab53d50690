// The filter of the list of invocations. Each change updates the URL.

import { pathTo } from '../route/path';
import { navigate } from '../route/router';
import { type Filter, OUTCOMES } from '../store/filter';
import { app } from '../store/store';

export function FilterBar({ filter, hasPayloads }: { filter: Filter; hasPayloads: boolean }) {
  const set = (change: Filter): void => navigate(pathTo(['invocations'], { ...filter, ...change } as Record<string, string | undefined>), { replace: true });
  const functionNames = ['endpoint', ...(app.value?.workers ?? []).map((worker) => worker.name)];
  const isFiltered = Object.keys(filter).length > 0;
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
      <SelectFilter label="Worker" value={filter.worker} options={functionNames} onChange={(worker) => set({ worker } as Filter)} />
      <SelectFilter label="Outcome" value={filter.outcome} options={OUTCOMES} onChange={(outcome) => set({ outcome } as Filter)} />
      <SelectFilter label="Mode" value={filter.mode} options={['sync', 'event']} onChange={(mode) => set({ mode } as Filter)} />
      {filter.from !== undefined && (
        <button type="button" class="chip" onClick={() => set({ from: undefined } as unknown as Filter)}>
          called by {filter.from === '-' ? 'clients outside the app' : filter.from} <span aria-hidden="true">×</span><span class="visually-hidden">, remove this filter</span>
        </button>
      )}
      {isFiltered && <a class="chip" href="/invocations">Clear</a>}
    </form>
  );
}

interface SelectFilterProps {
  label: string;
  value: string | undefined;
  options: string[];
  onChange: (value: string | undefined) => void;
}

function SelectFilter({ label, value, options, onChange }: SelectFilterProps) {
  const allOptions = value === undefined || options.includes(value) ? options : [value, ...options];
  return (
    <label class="choice">
      <span class="visually-hidden">{label}</span>
      <select value={value ?? ''} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
        <option value="">{label}: all</option>
        {allOptions.map((option) => <option key={option} value={option}>{option}</option>)}
      </select>
    </label>
  );
}
