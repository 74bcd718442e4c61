import { bootstrapApplication } from '@angular/platform-browser';

import { AppComponent } from './app/app.component';
import { appConfig } from './app/app.config';
import { routes } from './app/remote';

/** By itself, as at its own address; in a shell, only `routes` is used. */
export async function bootstrap(): Promise<void> {
  await bootstrapApplication(AppComponent, appConfig(await routes()));
}
