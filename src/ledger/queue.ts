import { DOMAIN } from '../crypto/domains.js'
import { poseidon } from '../crypto/poseidon.js'
import { requireObject } from '../errors.js'
import { assertField } from '../field.js'
import { type Entry, type EntryWords, encodeEntry } from './entry.js'

/** Head of a queue without entries. */
export const EMPTY_QUEUE = DOMAIN.ledgerQueue

/**
 * Returns the head of a chain after one more entry: Poseidon(head, subject, content). A queue starts at
 * {@link EMPTY_QUEUE}, the history of a handle at `EMPTY_HISTORY`: tags, so that the two never meet. A faster Poseidon may
 * be given for bulk work.
 */
export function extendHead(
  head: bigint,
  words: EntryWords,
  hash: (inputs: readonly bigint[]) => bigint = poseidon,
): bigint {
  requireObject(words, 'words')
  const { subject, content } = words
  assertField(head, 'head')
  assertField(subject, 'subject')
  assertField(content, 'content')
  return hash([head, subject, content])
}

/** Returns the head of a queue of entries, or of one that continues from `head`. */
export function queueHead(entries: readonly Entry[], head: bigint = EMPTY_QUEUE): bigint {
  if (!Array.isArray(entries)) throw new TypeError('entries must be an array')
  return entries.reduce((state, entry) => extendHead(state, encodeEntry(entry)), head)
}
