/** Work as data: what a thread runs is a list of calls of the module's functions. */

/** A function's name and its arguments; {@link SCRATCH} stands for the thread's own working memory. */
export type Call = readonly [name: string, ...args: (number | typeof SCRATCH)[]]

export const SCRATCH = 'scratch'

/** Calls that one thread makes one after the other. */
export interface Task {
  readonly calls: readonly Call[]
  /** What the task leaves in memory for others, in case they have another memory. */
  readonly output?: { readonly address: number; readonly length: number }
}
