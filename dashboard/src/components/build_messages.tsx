// The messages of a compiler or an interpreter about a build.

import type { BuildEvent } from '../api/types';
import { UntrustedText } from './untrusted_text';

export function BuildMessages({ build }: { build: BuildEvent }) {
  if (build.messages.length === 0) return <p class="faint">There are no messages; the terminal of `cargo bedrock dev` may show more.</p>;
  return <pre class="block build-text" tabIndex={0} aria-label="Build messages"><UntrustedText text={build.messages.join('\n')} initialChars={20_000} /></pre>;
}
