import assert from 'node:assert/strict'
import { DOMAIN } from '../../../src/crypto/domains.js'
import { PROFILES } from '../../../src/policy/profiles.js'
import { openCircuit } from '../../support/circuit.js'

describe('circuits/lib/domains', () => {
  it('the functions return the numbers of TypeScript in a compiled circuit', async () => {
    const constant = (name: string): string =>
      name.replace(/[A-Z-]/g, (c) => `_${c.replace('-', '')}`).toUpperCase()
    const functions = [
      ...Object.keys(DOMAIN).map((name) => `DOMAIN_${constant(name)}`),
      ...PROFILES.map(({ name }) => `PROFILE_${constant(name)}`),
    ]
    const expected = [...Object.values(DOMAIN), ...PROFILES.map(({ id }) => id)]
    const circuit = await openCircuit({
      source: `include "domains.circom";
        template Wrapper() {
          signal output out[${functions.length}];
          ${functions.map((name, i) => `out[${i}] <== ${name}();`).join('\n')}
        }
        component main = Wrapper();`,
    })
    assert.deepEqual(circuit.publicSignals(await circuit.accept({})), expected)
    assert.equal(new Set(expected).size, expected.length)
  })
})
