import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  assertBelow,
  assertField,
  assertUint,
  bigIntToBytes,
  bytesToBigInt,
  FIELD_MODULUS,
  hashBytes,
  hashText,
  parseDecimal,
  toField,
} from '../src/field.js'

describe('field', () => {
  it('has the modulus of EIP-196 and takes 0 to r - 1', () => {
    assert.equal(FIELD_MODULUS, 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n)
    assertField(0n, 'x')
    assertField(FIELD_MODULUS - 1n, 'x')
    for (const value of [-1n, FIELD_MODULUS, FIELD_MODULUS + 1n]) {
      assert.throws(() => assertField(value, 'secret thing'), {
        name: 'RangeError',
        message: 'secret thing must be at least 0 and below the field modulus',
      })
    }
    for (const value of [0, '0', null, undefined, {}]) assert.throws(() => assertField(value, 'x'), TypeError)
  })

  it('bounds unsigned integers', () => {
    assertUint(2n ** 64n - 1n, 64, 'x')
    assert.throws(() => assertUint(2n ** 64n, 64, 'x'), /x must be at least 0 and below 2\^64/)
    assert.throws(() => assertUint(-1n, 64, 'x'), RangeError)
    assert.throws(() => assertBelow(5n, 5n, 'x', 'five'), /five/)
  })

  it('hashes text and bytes to keccak256 >> 8', () => {
    // keccak256 of nothing and of "abc", from the Keccak team's known answers.
    const nothing = 0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470n
    const abc = 0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45n
    assert.equal(hashBytes(new Uint8Array()), nothing >> 8n)
    assert.equal(hashText('abc'), abc >> 8n)
    assert.equal(hashText('ä'), hashBytes(Uint8Array.of(0xc3, 0xa4)))
    assert.equal(toField('abc', 'x'), abc >> 8n)
    assert.equal(toField(7n, 'x'), 7n)
    assert.throws(() => toField(FIELD_MODULUS, 'x'), RangeError)
    assert.throws(() => toField(7 as never, 'x'), TypeError)
  })

  it('reads canonical decimal and nothing else', () => {
    assert.equal(parseDecimal('0', 'x'), 0n)
    assert.equal(parseDecimal(String(FIELD_MODULUS - 1n), 'x'), FIELD_MODULUS - 1n)
    assert.equal(parseDecimal('255', 'x', 256n), 255n)
    const refused = [
      '',
      ' 1',
      '1 ',
      '1\n',
      '+1',
      '-1',
      '-0',
      '00',
      '01',
      '0x1',
      '1e3',
      '1.0',
      '1_0',
      '١',
      '9'.repeat(161),
    ]
    for (const text of [...refused, String(FIELD_MODULUS)]) {
      assert.throws(
        () => parseDecimal(text, 'x'),
        (error) => error instanceof RangeError && (text.length < 9 || !error.message.includes(text)),
        JSON.stringify(text),
      )
    }
    assert.throws(() => parseDecimal('256', 'x', 256n), RangeError)
    for (const value of [1, 1n, null, ['1']]) assert.throws(() => parseDecimal(value, 'x'), TypeError)
  })

  it('writes and reads big-endian bytes', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, FIELD_MODULUS - 1n), (value) => {
        assert.equal(bytesToBigInt(bigIntToBytes(value, 32)), value)
        assert.equal(parseDecimal(value.toString(), 'x'), value)
      }),
      { seed: 7 },
    )
    assert.deepEqual(bigIntToBytes(258n, 4), Uint8Array.of(0, 0, 1, 2))
    assert.equal(bytesToBigInt(new Uint8Array()), 0n)
    assert.throws(() => bigIntToBytes(256n, 1), RangeError)
  })
})
