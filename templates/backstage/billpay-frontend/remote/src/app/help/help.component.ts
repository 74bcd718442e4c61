import { ChangeDetectionStrategy, Component } from '@angular/core';
import { RouterLink } from '@angular/router';

import about from '../about.json';

@Component({
  selector: 'app-help',
  standalone: true,
  imports: [RouterLink],
  template: `
    <h1>Help</h1>
    <p>Questions about {{ about.title }} go to the team {{ about.owner }}.</p>
    <a routerLink="..">Back to the overview</a>
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class HelpComponent {
  protected readonly about = about;
}
