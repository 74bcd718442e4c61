// Angular comes with the routes: a shell with a version that doesn't fit is told so now, not by the first page.
import '@angular/core';
import type { Routes } from '@angular/router';

import { ROUTES } from './app.routes';
import { loadConfig } from './config';

/** What a shell loads as `./routes`: the pages, once their own config.json is there. */
export async function routes(): Promise<Routes> {
  await loadConfig();
  return ROUTES;
}
