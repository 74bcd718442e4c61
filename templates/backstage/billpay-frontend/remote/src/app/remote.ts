import type { Routes } from '@angular/router';

import { ROUTES } from './app.routes';
import { loadConfig } from './config';

/** What a shell loads as `./routes`: the pages, once their own config.json is there. */
export async function routes(): Promise<Routes> {
  await loadConfig();
  return ROUTES;
}
