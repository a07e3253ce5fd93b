import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { SchemaError } from '../../src/errors.js'
import { defineSchema, issueSbt, type Schema } from '../../src/sbt/index.js'
import { createSoul } from '../../src/soul/index.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { openOffice } from '../support/world.js'
import { fuzzOnce, type Target, WrongAnswer } from './fuzz.js'
import { withTargets } from './with-targets.js'

/** Inputs that once found something, by target and seed. */
const REGRESSIONS = JSON.parse(
  readFileSync(new URL('fuzz.regressions.json', import.meta.url), 'utf8'),
) as Record<string, number[]>

describe('soundness/fuzz', () => {
  it('every entry point answers any input with a typed error or rightly, in time', async () => {
    await withTargets(async ({ targets }) => {
      for (const target of targets) {
        const count = Math.max(1, Math.ceil(60 / Math.max(1, target.cost ?? 1)))
        const seeds = Array.from({ length: count }, (_, i) => 1_000_000 + i)
        for (const seed of [...(REGRESSIONS[target.name] ?? []), ...seeds]) {
          assert.equal(await fuzzOnce(target, seed), undefined)
        }
      }
      const names = targets.map(({ name }) => name)
      assert.deepEqual(
        Object.keys(REGRESSIONS).filter((name) => !names.includes(name)),
        [],
      )
    })
  })

  it('an envelope is accepted as it is, and with no field of another (soundness 19, 20)', async () => {
    await withTargets(async ({ proved: { verifier, group, envelope } }) => {
      const verify = async (changed: object): Promise<boolean> => {
        const expected = {
          scope: 'fuzz',
          message: 'fuzz',
          statement: 'membership',
          roots: [group.root],
        } as const
        return (await verifier.verify({ ...expected, envelope: { ...envelope, ...changed } })).valid
      }
      assert.equal(await verify({}), true)
      const { proof, publicSignals } = envelope
      for (const changed of [
        { version: 2 },
        { statement: 'policy-s' },
        { verificationKeyHash: VERIFICATION_KEYS['policy-s']?.hash },
        { proof: { ...proof, pi_a: proof.pi_c } },
        { publicSignals: [...publicSignals].reverse() },
        { publicSignals: [...publicSignals, '0'] },
        { revealed: { 'a.b': '1' } },
        { extra: 1 },
      ]) {
        assert.equal(await verify(changed), false, Object.keys(changed)[0])
      }
    })
  })

  it('finds an entry point that does not check, one that hangs and one that is wrong, and shrinks', async () => {
    const sample = { a: { b: [1, 2] }, c: 'text', d: 5n }
    const find = async (call: Target['call'], most?: number): Promise<string | undefined> => {
      for (let seed = 0; seed < 300; seed++) {
        const target = { name: 'planted', samples: [sample], call, ...(most !== undefined && { most }) }
        const finding = await fuzzOnce(target, seed)
        if (finding !== undefined) return `${finding.paths.length}: ${finding.problem}`
      }
      return undefined
    }
    // biome-ignore lint/suspicious/noExplicitAny: as untyped callers do
    const unchecked = await find((input: any) => input.a.b.length)
    assert.match(`${unchecked}`, /^1: is not checked/)
    const wrong = await find((input: unknown) => {
      if (JSON.stringify(Object.keys(input ?? {})) !== '["a","c","d"]') throw new WrongAnswer('says yes')
    })
    assert.equal(wrong, '1: says yes')
    const slow = await find((_input) => {
      const end = performance.now() + 5
      while (performance.now() < end);
    }, 2)
    assert.match(`${slow}`, /takes/)
    assert.equal(await find(() => undefined), undefined)
    assert.equal(
      await find(() => {
        throw new RangeError('a must be below 5')
      }),
      undefined,
    )
  })

  it('a schema whose hash is not its own is refused: an SBT would be issued under another (found by fuzzing)', () => {
    const schema = defineSchema({ name: 'a/1', claims: { n: 'uint' } })
    const issue = (forged: unknown): unknown =>
      issueSbt({
        issuer: openOffice(9).id,
        schema: forged as Schema,
        holder: 1n,
        claims: { n: 5n },
        issuedAt: 1n,
      })
    assert.ok(issue({ ...schema }))
    for (const hash of [schema.hash + 1n, schema.hash.toString(), true, '0x5', undefined]) {
      assert.throws(() => issue({ ...schema, hash }), SchemaError)
    }
    assert.throws(() => issue({ ...schema, claims: { n: 'number' } }), SchemaError)
    assert.throws(() => issue(undefined), /^TypeError: schema must be an object$/)
    assert.throws(() => createSoul(null as never), /^TypeError: options must be an object$/)
  })
})
