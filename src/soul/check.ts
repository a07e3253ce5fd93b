import { SUBGROUP_ORDER } from '../crypto/babyjub.js'
import { requireObject } from '../errors.js'
import { assertBelow, assertField } from '../field.js'
import type { Soul } from './index.js'

/**
 * Checks that an argument is a Soul, as far as anything is computed from it: its commitment and its secret. Whether they belong
 * together takes a multiplication on the curve and is left to the circuits, in which they do or have no witness.
 *
 * @throws {TypeError|RangeError} naming the part that is malformed
 */
export function requireSoul(soul: unknown, label = 'soul'): asserts soul is Soul {
  requireObject(soul, label)
  const { secret, commitment } = soul as Partial<Soul>
  assertField(commitment, `${label}.commitment`)
  requireSecret(secret, `${label}.secret`)
}

/**
 * Checks that an argument is the secret of a Soul.
 *
 * @throws {TypeError|RangeError} naming it unless 0 < secret < l
 */
export function requireSecret(secret: unknown, label: string): asserts secret is bigint {
  assertBelow(secret, SUBGROUP_ORDER, label, 'the subgroup order')
  if (secret === 0n) throw new RangeError(`${label} must not be 0`)
}
