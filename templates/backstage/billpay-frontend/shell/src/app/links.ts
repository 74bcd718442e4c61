import { inject } from '@angular/core';

import { CONFIG } from './config.token';

/** What the navigation leads to. */
export function links(): { path: string; title: string }[] {
  const remotes = inject(CONFIG).remotes.map(({ path, title }) => ({ path: `/${path}`, title }));
  return [{ path: '/', title: 'Home' }, ...remotes];
}
