import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { RouterLink } from '@angular/router';

import about from '../about.json';
import { CONFIG } from '../config.token';

/** The first page: where one can go from here. */
@Component({
  selector: 'app-home',
  standalone: true,
  imports: [RouterLink],
  templateUrl: './home.component.html',
  styleUrl: './home.component.css',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class HomeComponent {
  protected readonly about = about;
  protected readonly remotes = inject(CONFIG).remotes;
}
