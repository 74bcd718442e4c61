import { ChangeDetectionStrategy, Component, inject, input, signal } from '@angular/core';
import { Router, type Routes } from '@angular/router';

import type { Remote } from '../config';

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
  /** Routes of which nothing has been loaded yet. */
  readonly again = input.required<() => Routes>();

  protected readonly trying = signal(false);
  private readonly router = inject(Router);

  /** The router keeps what it has loaded, this page too: only new routes are loaded anew. */
  protected async retry(): Promise<void> {
    this.trying.set(true);
    this.router.resetConfig(this.again()());
    await this.router.navigateByUrl(this.router.url, { onSameUrlNavigation: 'reload' });
    this.trying.set(false);
  }
}
