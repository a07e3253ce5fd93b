import { requireObject } from '../errors.js'
import type { Policy } from './types.js'

/**
 * Checks that an argument has the form of a parsed policy: its JSON, given in its place, has another one.
 *
 * @throws {TypeError} otherwise
 */
export function requirePolicy(policy: unknown): asserts policy is Policy {
  requireObject(policy, 'policy')
  const { slots, ledgers, reveal, require, canonical } = policy as Partial<Policy>
  const isParsed =
    [slots, ledgers, reveal].every(Array.isArray) &&
    typeof require?.kind === 'string' &&
    typeof canonical === 'string'
  if (!isParsed) throw new TypeError('policy must be what parsePolicy returns')
}
