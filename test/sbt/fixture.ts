import { Registry } from '../../src/merkle/index.js'
import { createIssuer, defineSchema, type HeldSbt, issueSbt } from '../../src/sbt/index.js'
import { createSoul, holderOf } from '../../src/soul/index.js'

/** Everything that a test of one SBT needs, the same in every run. */
export const issuer = createIssuer({ secret: new Uint8Array(32).fill(7) })
export const otherIssuer = createIssuer({ secret: new Uint8Array(32).fill(8) })
export const contract = 'eip155:1:0x00000000000000000000000000000000000000aa'
export const soul = createSoul({ seed: new Uint8Array(32).fill(1) })
export const otherSoul = createSoul({ seed: new Uint8Array(32).fill(2) })
export const salt = 123456789123456789123456789123456789n

export const schema = defineSchema({
  name: 'everything/1',
  claims: {
    count: 'uint',
    delta: 'int',
    birthDate: 'date',
    active: 'bool',
    country: 'string',
    photo: 'bytes',
    seed: 'field',
  },
})

export const claims = {
  count: 50_001n,
  delta: -3n,
  birthDate: -86_400n,
  active: true,
  country: 'CA',
  photo: Uint8Array.of(0, 255, 16),
  seed: 42n,
}

export const content = {
  schema,
  holder: holderOf(soul.commitment, salt),
  claims,
  issuedAt: 1_700_000_000n,
  expiresAt: 1_800_000_000n,
  statusId: 5,
}

/** An SBT signed by the issuer, with its opening in a status tree. */
export function signed(status = new Registry({ kind: 'status' })): HeldSbt {
  const { sbt, signature } = issueSbt({ issuer, ...content })
  return { sbt, salt, anchor: { signature: signature!, status: status.proof(sbt.statusId) } }
}

/** An SBT of an issuer, registered at index 2 of its registry. */
export function registered(by: string = issuer.id): { held: HeldSbt; registry: Registry } {
  const { sbt } = issueSbt({ issuer: by, ...content })
  const registry = new Registry({ leaves: [3n, 4n, sbt.leaf, 6n] })
  return { held: { sbt, salt, anchor: { registered: registry.proof(2) } }, registry }
}
