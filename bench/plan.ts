/** How long is measured. */
export interface Plan {
  readonly quick: boolean;
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
}
