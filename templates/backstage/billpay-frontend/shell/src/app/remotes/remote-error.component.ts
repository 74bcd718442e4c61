import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';
import { Router } from '@angular/router';

import { shellRoutes } from '../app.routes';
import type { Remote } from '../config';
import { CONFIG } from '../config.token';

/** In the place of a remote that can't be loaded; the rest of the shell is as it was. */
@Component({
  selector: 'app-remote-error',
  standalone: true,
  template: `
    <div class="card" role="alert">
      <h1>{{ remote().title }} is not available</h1>
      <p>These pages can’t be loaded at the moment. Everything else goes on working.</p>
      <button type="button" [disabled]="trying()" (click)="retry()">Try again</button>
    </div>
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class RemoteErrorComponent {
  readonly remote = input.required<Remote>();

  protected readonly trying = signal(false);
  private readonly router = inject(Router);
  private readonly remotes = inject(CONFIG).remotes;

  /** The router keeps what it has loaded, this page too: only new routes are loaded anew. */
  protected async retry(): Promise<void> {
    this.trying.set(true);
    this.router.resetConfig(shellRoutes(this.remotes));
    await this.router.navigateByUrl(this.router.url, { onSameUrlNavigation: 'reload' });
    this.trying.set(false);
  }
}
