import assert from 'node:assert/strict'
import { BASE8, multiply, type Point } from '../../src/crypto/babyjub.js'
import { add, TORSION } from '../circuits/lib/curve.js'
import { gadget } from '../circuits/lib/gadgets.js'
import { openCircuit } from '../support/circuit.js'
import { openStatement } from '../support/statement.js'
import { argumentsOf } from './arguments.js'
import { corpusOf } from './corpus.js'
import { atMost, curveOf, eliminatedInputs, factsOf, inputWires, prove, wireNames } from './determinism.js'
import { proveTheorem, THEOREMS } from './holder.js'
import { mod } from './linear.js'
import { compilePlain, writeSource } from './plain.js'
import { falseBits, patternOf, proveSystem, statementsOf } from './report.js'
import { circuitNames, entryOf, judge, readSnapshot } from './snapshot.js'

const L = 2736030358979909402780800718157159386076813972158567259200215660948447373041n

/** Names of the signals of a small circuit that its inputs do not determine. */
async function unproved(text: string): Promise<string[]> {
  // Public, so that the compiler eliminates none of them.
  const inputs = [...text.matchAll(/signal input (\w+)/g)].map((match) => match[1])
  const source = text.replace('component main', `component main {public [${inputs.join(', ')}]}`)
  const circuit = await openCircuit({ source })
  const proof = proveSystem(circuit)
  const names = wireNames(circuit.symbols)
  const open: string[] = []
  for (let wire = 1; wire < circuit.r1cs.wires; wire++) {
    if (proof.unique[wire] === 0) open.push(names(wire)[0] as string)
  }
  return [...new Set(open.map(patternOf))].sort()
}

/** Compares the forms that stand for eliminated inputs with the inputs' values, in witnesses. */
async function assertForms(name: string): Promise<void> {
  const system = openStatement(name)
  const { forms } = factsOf(system.r1cs)
  const cases = await corpusOf(name)
  for (const [input, bit] of eliminatedInputs(system)) {
    const [, array, index] = /^(\w+)\[(\d+)\]$/.exec(input) as unknown as [string, string, string]
    const form = forms[bit - system.r1cs.wires] as ReadonlyMap<number, bigint>
    const isSame = cases.map(({ inputs, witness }) => {
      const value = mod([...form].reduce((sum, [wire, k]) => sum + k * (witness[wire] as bigint), 0n))
      assert.ok(value === 0n || value === 1n)
      return value === (inputs[array] as readonly bigint[])[Number(index)]
    })
    // A form is the bit or its opposite.
    assert.equal(new Set(isSame).size, 1, input)
  }
}

describe('soundness/determinism', () => {
  describe('each rule, and the bug beside it', () => {
    it('linear: a product and a sum are determined', async () => {
      const body = (line: string): string =>
        `template T() { signal input a; signal input b; signal output c; signal d; ${line} } component main = T();`
      assert.deepEqual(await unproved(body('d <== a * b; c <== d * d + a;')), [])
      // The planted bug: assigned, and never constrained (soundness 5).
      assert.deepEqual(await unproved(body('d <-- a * b; c <== d * d + a;')), ['c', 'd'])
    })

    it('linear: several equations that only together determine several signals', async () => {
      const body = (factor: number): string =>
        `template T() { signal input a; signal input b; signal output x; signal output y;
          x <-- a; y <-- b; x + y === a * a; x + ${factor} * y === b * b; } component main = T();`
      assert.deepEqual(await unproved(body(2)), [])
      assert.notDeepEqual(await unproved(body(1)), [])
    })

    it('is-zero: the answer is determined, its inverse is not', async () => {
      const body = (second: string): string => `include "compare.circom";
        template T() { signal input a; signal output out; signal inverse <-- a != 0 ? 1 / a : 0;
          out <== 1 - a * inverse; ${second} } component main = T();`
      assert.deepEqual(await unproved(body('a * out === 0;')), ['inverse'])
      assert.deepEqual(await unproved(body('')), ['inverse', 'out'])
    })

    it('bits: a number below 2^253 has one form; with one bit that is none, many', async () => {
      const body = (from: number, width = 8): string =>
        `template T() { signal input a; signal output out[${width}]; var sum = 0;
          for (var i = 0; i < ${width}; i++) { out[i] <-- (a >> i) & 1; sum += out[i] * (1 << i);
            if (i >= ${from}) { out[i] * (out[i] - 1) === 0; } }
          sum === a; } component main = T();`
      assert.deepEqual(await unproved(body(0)), [])
      assert.deepEqual(await unproved(body(0, 253)), [])
      assert.deepEqual(await unproved(body(1)), ['out[]'])
      // The planted bug: k and k + r both fit (soundness 3).
      assert.deepEqual(await unproved(body(0, 254)), ['out[]'])
    })

    it('strict bits: a bound at r - 1 leaves one form of 254 bits, no bound two', async () => {
      const body = (bound: string): string => `include "bits.circom";
        template T() { signal input a; signal output low; signal {binary} out[254]; var sum = 0;
          for (var i = 0; i < 254; i++) { out[i] <-- (a >> i) & 1; out[i] * (out[i] - 1) === 0; sum += out[i] * (1 << i); }
          sum === a; ${bound} low <== out[0]; } component main = T();`
      assert.deepEqual(await unproved(body('AtMostConstant(254, -1)(out);')), [])
      assert.deepEqual((await unproved(body(''))).includes('low'), true)
    })

    it('selector: the choice is determined, and declared bits are bits (soundness 1)', async () => {
      const body = (bit: string): string => `pragma circom 2.2.0; include "bits.circom";
        template T() { signal input a; signal input b; signal input s; signal output out;
          signal {binary} c; ${bit} out <== a + c * (b - a); } component main = T();`
      const good = await writeSource(body('c <== Bit()(s);'))
      assert.deepEqual((await falseBits(good)).notBits, {})
      // The planted bug: a tag is a promise that circom does not check.
      const bad = await writeSource(body('c <-- s; c === s;'))
      assert.deepEqual((await falseBits(bad)).notBits, { c: 1 })
    })

    it('division: a quotient is not determined where the divisor may be 0', async () => {
      const body = (divisor: string): string =>
        `template T() { signal input a; signal input b; signal output q; q <-- a / (${divisor}); q * (${divisor}) === a; }
         component main = T();`
      assert.deepEqual(await unproved(body('7')), [])
      assert.deepEqual(await unproved(body('b')), ['q'])
    })

    it('division with remainder: without a range check of the remainder nothing is determined (soundness 4)', async () => {
      const body = (check: string): string => `include "bits.circom";
        template T() { signal input a; signal output q; signal output m;
          q <-- a \\ 8; m <-- a % 8; q * 8 + m === a; ${check} } component main = T();`
      assert.deepEqual(await unproved(body('_ <== Bits(3)(m); _ <== Bits(100)(q);')), [])
      assert.deepEqual(await unproved(body('_ <== Bits(100)(q);')).then((open) => open.includes('m')), true)
      assert.deepEqual(await unproved(body('')), ['m', 'q'])
    })

    it('curve: a complete sum of points of tables is determined; of numbers off the curve, or that anybody gives, not', async () => {
      const body = (p: string, q: string): string => `include "babyjub.circom"; include "bits.circom";
        template T() { signal input s; signal input any[2]; signal output out[2]; var B[2] = BASE8();
          signal {binary} b[2] <== Bits(2)(s);
          out <== EdwardsAdd()(${p}, ${q}); } component main = T();`
      const point = (bit: string): string => `[${bit} * B[0], 1 + ${bit} * (B[1] - 1)]`
      assert.deepEqual(await unproved(body(point('b[0]'), point('b[1]'))), [])
      // (0, 0) is not on the curve.
      assert.deepEqual(await unproved(body('[b[0] * B[0], b[0] * B[1]]', point('b[1]'))), ['out[]'])
      assert.deepEqual(await unproved(body('any', point('b[1]'))), ['out[]'])
      // A bit that is none mixes two points to a number off the curve (soundness 1).
      const mixed = body(point('any[0]'), point('b[1]'))
      assert.deepEqual(await unproved(mixed), ['out[]'])
    })

    it('curve: an incomplete sum is determined if the multiples never meet, and not if a window comes twice', async () => {
      const body = (second: number): string => `include "base8-multiply.circom"; include "bits.circom";
        template T() { signal input k; signal output out[2]; signal {binary} b[4] <== Bits(4)(k);
          var window[125][4] = BASE8_WINDOWS(); var at[2] = [0, ${second}]; var term[2][2]; signal both[2];
          for (var i = 0; i < 2; i++) {
            both[i] <== b[2 * i] * b[2 * i + 1];
            var low = 2 * b[2 * i] - 1; var high = 2 * b[2 * i + 1] - 1;
            term[i] = [window[at[i]][0] + window[at[i]][1] * (4 * both[i] - low - high - 1),
              window[at[i]][2] * low + window[at[i]][3] * high];
          }
          out <== MontgomeryAdd()(term[0], term[1]); } component main = T();`
      assert.deepEqual(await unproved(body(1)), [])
      // H + H and H - H: a slope of 0 / 0.
      assert.deepEqual(await unproved(body(0)), ['MontgomeryAdd.slope', 'out[]'])
    })

    it('curve: a change of form is determined for points of odd order, and not where the identity may come', async () => {
      const body = ([x, y]: Point): string => `include "babyjub.circom"; include "bits.circom";
        template T() { signal input s; signal output out[2]; var B[2] = BASE8(); signal {binary} b <== Bit()(s);
          var p[2] = [${x} + b * (B[0] - ${x}), ${y} + b * (B[1] - ${y})];
          out <== ToMontgomery()(EdwardsAdd()(p, p)); } component main = T();`
      assert.deepEqual(await unproved(body(multiply(BASE8, 5n))), [])
      assert.deepEqual(await unproved(body([0n, 1n])), ['out[]'])
      // Of order 2 l.
      const mixed = await unproved(body(add(BASE8, multiply(TORSION, 4n))))
      assert.ok(mixed.includes('out[]'))
    })

    it('curve: 2 S + P and 2 S - P are determined while the multiple is below l, and not after', async () => {
      const circuit = await gadget('Eddsa')
      const list = argumentsOf('Eddsa').filter(({ kind }) => kind !== 'divisor')
      const { rules } = proveSystem(circuit, { arguments: list })
      const isCurve = (name: string): boolean => rules.get(circuit.wire(name)) === 'curve'
      const [prefix] = [...circuit.symbols.keys()]
        .map((name) => /^main\.(Eddsa_\d+_\d+\.SignedMultiply_\d+_\d+)\.slope\[248\]$/.exec(name)?.[1])
        .filter((name) => name !== undefined)
      for (const name of ['slope', 'slope2']) {
        assert.equal(isCurve(`${prefix}.${name}[0]`), true)
        assert.equal(isCurve(`${prefix}.${name}[248]`), true)
        assert.equal(rules.has(circuit.wire(`${prefix}.${name}[249]`)), false)
      }
      // Nothing of it follows without the premise that A is a point of the prime subgroup.
      const open = proveSystem(circuit, { arguments: [] })
      assert.equal(open.rules.has(circuit.wire(`${prefix}.slope[0]`)), false)
    })

    it('curve: what is lost without a constraint is lost for all sums that rest on it', async () => {
      const circuit = await gadget('Base8Multiply')
      const facts = factsOf(circuit.r1cs)
      const { curve } = curveOf({ facts })
      const [bit] = [...facts.bitWires].find(([, wire]) =>
        wireNames(circuit.symbols)(wire).some((name) => /\[9\]$/.test(name)),
      ) as [number, number]
      const lost = curve.lost(bit, [facts.bitWires.get(bit) as number])
      // Windows 4 to 124, the change of form and the last sum.
      assert.equal(lost.size, 121 + 4)
      assert.equal(curve.nonzero.size, 124 + 4)
      assert.equal(curve.lost(-1, []).size, 0)
    })

    it('bits: of a number and of a difference with a part of it, equations that the compiler mixes', async () => {
      const body = (tie: string): string => `include "compare.circom";
        template T() { signal input content; signal input since; signal input least; signal output out[2];
          signal {binary} bits[40]; var sum = 0; var amount = 0; var at = 0;
          for (var i = 0; i < 40; i++) {
            bits[i] <-- (content >> i) & 1; bits[i] * (bits[i] - 1) === 0; sum += bits[i] * (1 << i);
            if (i < 20) { amount += bits[i] * (1 << i); } else { at += bits[i] * (1 << (i - 20)); }
          }
          ${tie} out[0] <== AtLeast(20)([at, since]); out[1] <== AtLeast(20)([amount, least]); } component main = T();`
      assert.deepEqual(await unproved(body('sum === content;')), [])
      assert.notDeepEqual(await unproved(body('')), [])
    })

    it('an input that the compiler eliminated is given, and no other wire in its place', async () => {
      const system = openStatement('ledger-batch')
      assert.deepEqual(system.eliminated, ['isLink[3]', 'isOverflow[3]'])
      const names = wireNames(system.symbols)
      const last = inputWires(system).at(-1) as number
      assert.equal(names(last)[0], 'children[3][9][3]')
      assert.match(names(last + 1)[0] as string, /^isFirst$/)
      // isLink[3] is 0: no step follows.
      assert.deepEqual([...eliminatedInputs(system).keys()], ['isOverflow[3]'])
      await assertForms('ledger-batch')
    })

    it('a wire is no input because it is private: outputs are never given', async () => {
      const circuit = await openCircuit({
        source: 'template T() { signal input a; signal output b; b <== a * a; } component main = T();',
      })
      const { r1cs } = circuit
      assert.deepEqual(inputWires(circuit), [2])
      assert.equal(prove({ facts: factsOf(r1cs), inputs: [] }).unique[1], 0)
    })
  })

  describe('statements and gadgets', () => {
    const { statements, gadgets } = circuitNames(false)
    const snapshot = readSnapshot()
    for (const name of [...statements, ...gadgets]) {
      it(`${name}: every signal is determined or has its reason, every declared bit is one`, async () => {
        const entry = await entryOf(name)
        // With a bug planted the numbers differ from the snapshot anyway: what counts then is what the rules say.
        const known = process.env['SOULPROOF_PLANTED'] === '1' ? entry : snapshot[name]
        assert.deepEqual(judge(name, entry, known), [])
      })
    }

    it('a new unproved signal fails, a new bit that is none, and a share above 2 %', () => {
      const known = snapshot['membership']!
      const failures = (entry: typeof known): number => judge('membership', entry, entry).length
      assert.equal(failures(known), 0)
      assert.equal(failures({ ...known, unproved: { ...known.unproved, claim: 1 } }), 1)
      assert.equal(failures({ ...known, notBits: { 'LeanRoot.index[]': 20 } }), 1)
      assert.equal(failures({ ...known, unproved: { 'IsEqual.IsZero.inverse': 200 } }), 1)
      assert.equal(judge('membership', known, { ...known, signals: 1 }).length, 1)
    })

    it('the secret of a Soul is below l (soundness 7)', () => {
      const { r1cs, symbols } = openStatement('membership')
      const facts = factsOf(r1cs)
      const names = wireNames(symbols)
      const bits = new Map<number, number>()
      for (let wire = 1; wire < r1cs.wires; wire++) {
        const index = /^Soul_\d+_\d+\.low\[(\d+)\]$/.exec(names(wire)[0] as string)?.[1]
        if (index !== undefined) bits.set(Number(index), wire)
      }
      // The one that the compiler eliminated is a form.
      const atoms = Array.from({ length: 251 }, (_, i) => bits.get(i) ?? r1cs.wires)
      assert.equal(bits.size, 250)
      const uses = atMost({ facts, atoms, bound: L - 1n })
      assert.ok(uses !== undefined && uses.length > 100)
      assert.equal(atMost({ facts, atoms, bound: L - 2n }), undefined)
      for (const without of uses.slice(0, 8)) {
        assert.equal(atMost({ facts, atoms, bound: L - 1n, without }), undefined)
      }
    })
  })

  const small: readonly string[] = statementsOf(false)
  describe('what a holder cannot choose, for provers who are none of the verifiers (soundness 6, 7)', () => {
    for (const theorem of THEOREMS.filter(({ statement }) => small.includes(statement))) {
      it(`${theorem.statement}: ${theorem.title}`, () => {
        assert.deepEqual(proveTheorem(theorem), [])
      })
    }

    it('policy-m: one nullifier per Soul', () => {
      const theorem = THEOREMS.find(({ statement, zero }) => statement === 'policy-m' && zero !== undefined)!
      assert.deepEqual(proveTheorem(theorem), [])
    })

    it('does not follow from less: without the scope, for a personal nullifier, without the claim', () => {
      const [nullifier] = THEOREMS as [(typeof THEOREMS)[number]]
      assert.deepEqual(proveTheorem({ ...nullifier, given: /^(secret|verifierKey2?)$/ }), ['nullifier'])
      const policy = THEOREMS.find(({ statement }) => statement === 'policy-s')!
      const { zero, ...personal } = policy
      assert.ok(zero !== undefined)
      assert.deepEqual(proveTheorem(personal), ['nullifier'])
      // (1 - claim) (1 - isVerifier) === 0 is constraint 1.
      assert.deepEqual(proveTheorem(nullifier, 1), ['nullifier'])
    })
  })

  it('compiles without simplification: every signal is a wire', async () => {
    const file = await writeSource(
      'pragma circom 2.2.0; template T() { signal input a; signal b; signal output c; b <== a; c <== b; } component main = T();',
    )
    const { symbols } = await compilePlain({ file })
    assert.deepEqual([...symbols.keys()].sort(), ['main.a', 'main.b', 'main.c'])
  })
})
