import { ErrorHandler, Injectable, inject } from '@angular/core';

import { PageMetrics } from './page-metrics';

/** Errors that nothing caught: on the console as ever, and counted. */
@Injectable()
export class CountedErrors extends ErrorHandler {
  private readonly metrics = inject(PageMetrics);

  override handleError(error: unknown): void {
    super.handleError(error);
    this.metrics.error();
  }
}
