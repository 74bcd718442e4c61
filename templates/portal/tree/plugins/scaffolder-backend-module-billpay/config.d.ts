export interface Config {
  /** How the scaffolder action `billpay:scaffold` runs billpay. */
  billpay?: {
    /** The program: its absolute path, or its name on the PATH. `billpay` by default. */
    binary?: string;
    /** Seconds that one run may take; 120 by default. */
    timeoutSeconds?: number;
  };
}
