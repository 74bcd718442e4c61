import { Injectable, inject } from '@angular/core';
import { Title } from '@angular/platform-browser';
import { type RouterStateSnapshot, TitleStrategy } from '@angular/router';

import about from './about.json';

/** Each page has a title, and people who have many open see whose it is. */
@Injectable()
export class PageTitle extends TitleStrategy {
  private readonly title = inject(Title);

  override updateTitle(state: RouterStateSnapshot): void {
    const page = this.buildTitle(state);
    const whole = page && page !== about.title ? `${page} – ${about.title}` : about.title;
    this.title.setTitle(`${whole} – BillPay`);
  }
}
