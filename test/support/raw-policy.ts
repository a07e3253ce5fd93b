import { type RawPolicy, rawPolicy as rawPolicyAt } from '../../scripts/lib/raw-policy.js'
import { NOW } from './world.js'

type Options = Omit<RawPolicy, 'now' | 'context'> & Partial<Pick<RawPolicy, 'now' | 'context'>>

/** A holder who ignores every check, at the clock of the tests and for a context of theirs unless told. */
export function rawPolicy(options: Options): ReturnType<typeof rawPolicyAt> {
  return rawPolicyAt({ now: NOW, context: { scope: 'test', message: 'test' }, ...options })
}
