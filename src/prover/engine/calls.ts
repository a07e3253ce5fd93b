/** Work as data: what a thread runs is a list of calls of the module's functions. */

/** Stands for the working memory that the thread has for sums, among the arguments of a call. */
export const SCRATCH = 'scratch'

/** A function's name and its arguments. */
export type Call = readonly [name: string, ...args: (number | typeof SCRATCH)[]]

/** Calls that one thread makes one after the other. */
export interface Task {
  readonly calls: readonly Call[]
  /** What the task leaves in memory for the host and for other tasks. */
  readonly outputs?: readonly { readonly address: number; readonly length: number }[]
}
