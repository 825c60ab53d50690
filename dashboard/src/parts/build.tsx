// What a compiler or an interpreter said of a build.

import type { Build } from '../api/types';
import { Said } from './said';

export function BuildMessages({ build }: { build: Build }) {
  if (build.messages.length === 0) return <p class="faint">It said nothing; the terminal of `cargo bedrock dev` may have more.</p>;
  return <pre class="block build-text" tabIndex={0} aria-label="What the build said"><Said text={build.messages.join('\n')} first={20_000} /></pre>;
}
