import assert from 'node:assert/strict'
import { FIELD_MODULUS as r } from '../../../src/field.js'
import { bitsOf, openGadget } from '../../support/circuit.js'

describe('circuits/lib/bits', () => {
  it('works', async () => {
    const c = await openGadget({ include: ['bits'], inputs: {x: ''}, outputs: {out: '[8]'}, body: 'out <== Bits(8)(x);'})
    for (let x = 0n; x < 256n; x++) assert.deepEqual(c.values(await c.accept({x}), 'out'), bitsOf(x, 8))
    for (const x of [256n, r-1n, 1n<<253n]) await c.refuse({x})
    console.log([...c.symbols.keys()], c.mutateAll(await c.accept({x: 5n})), c.solve({x: 77n}))
  })
})
