import { LedgerError } from '../../errors.js'

/** Which part of a store: the queue, which everything follows from, or the tree, which follows from the queue. */
export type StorePart = 'queue' | 'tree'

/** A store on disk is damaged: truncated, altered, or not what its parts say of each other. */
export class LedgerStoreError extends LedgerError {
  override name = 'LedgerStoreError'
  /** Which part is damaged. A tree is rebuilt from the queue, a queue from wherever its entries are kept besides. */
  readonly part: StorePart
  constructor(part: StorePart, message: string, options?: ErrorOptions) {
    super(`the ${part} is damaged: ${message}`, options)
    this.part = part
  }
}
