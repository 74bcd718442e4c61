import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterLink } from '@angular/router';

import about from '../about.json';

/** The first page. */
@Component({
  selector: 'app-overview',
  standalone: true,
  imports: [RouterLink],
  template: `
    <h1>{{ about.title }}</h1>
    <p class="muted">{{ about.description }}</p>
    <section class="card">
      <h2>Nothing here yet</h2>
      <p>What is entered will be listed here.</p>
      <a routerLink="help">Help</a>
    </section>
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class OverviewComponent {
  protected readonly about = about;
}
