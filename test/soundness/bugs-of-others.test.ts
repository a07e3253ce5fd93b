import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { SUBGROUP_ORDER } from '../../src/crypto/babyjub.js'
import { FIELD_MODULUS as r } from '../../src/field.js'
import { createIssuer } from '../../src/sbt/index.js'
import { VERIFICATION_KEYS } from '../../src/statements/verification-keys.js'
import { verifyGroth16 } from '../../src/verifier/index.js'
import { TORSION } from '../circuits/lib/curve.js'
import { gadget } from '../circuits/lib/gadgets.js'
import { bitsOf, type Circuit, openCircuit } from '../support/circuit.js'
import { wireNames } from './determinism.js'
import { writeSource } from './plain.js'
import { falseBits, patternOf, proveSystem } from './report.js'

/*
 * Bugs of public collections (zkBugs, the 0xPARC zk-bug-tracker, circomspect's classes) that have a counterpart here. Each
 * pattern is shown to be one: the machinery finds it, or a forged witness passes. Then the same attack meets our gadget.
 */

/** Opens a circuit with public inputs, so that the compiler eliminates none of them. */
function open(text: string): Promise<Circuit> {
  const inputs = [...text.matchAll(/signal input (\w+)/g)].map((match) => match[1])
  return openCircuit({
    source: text.replace('component main', `component main {public [${inputs.join(', ')}]}`),
  })
}

/** Signals that the inputs do not determine, by pattern. */
function undetermined(circuit: Circuit): string[] {
  const { unique } = proveSystem(circuit)
  const names = wireNames(circuit.symbols)
  const wires = Array.from({ length: circuit.r1cs.wires }, (_, wire) => wire).filter(
    (wire) => unique[wire] === 0,
  )
  return [...new Set(wires.map((wire) => patternOf(names(wire)[0] as string)))].sort()
}

const wrap = (include: string, body: string): string =>
  `include "circomlib/circuits/${include}.circom"; template T() { ${body} } component main = T();`

describe('soundness/bugs of others', () => {
  it('circomlib MiMC, Tornado Cash: an output is assigned with <-- or = and never constrained (soundness 5)', async () => {
    const bad = await open(
      'template T() { signal input a; signal input k; signal output out; signal t; t <== (a + k) * (a + k); out <-- t * a; } component main = T();',
    )
    assert.deepEqual(undetermined(bad), ['out'])
    const witness = await bad.accept({ a: 3n, k: 4n })
    assert.equal(bad.violated(bad.forge(witness, { out: 666n })), undefined)
    const ours = await gadget('Hash(2..6, 16)')
    assert.deepEqual(undetermined(ours), [])
  })

  it('zk-kit, Semaphore, MACI: a Merkle selector that is no bit mixes children (soundness 1)', async () => {
    const bad =
      await open(`template T() { signal input node; signal input sibling; signal input s; signal output left;
      left <== node + s * (sibling - node); } component main = T();`)
    // A forger gets any child that he likes.
    const wanted = 1234n
    const half = ((wanted - 10n) * ((r + 1n) / 2n)) % r
    const witness = await bad.accept({ node: 10n, sibling: 12n, s: half })
    assert.equal(bad.value(witness, 'left'), wanted)
    const ours = await gadget('LeanRoot(4)')
    await ours.refuse({
      leaf: 10n,
      index: [half, 0n, 0n, 0n],
      used: [1n, 0n, 0n, 0n],
      siblings: [12n, 0n, 0n, 0n],
    })
    const file =
      await writeSource(`pragma circom 2.2.0; template T() { signal input s; signal {binary} b; b <-- s; b === s; }
      component main = T();`)
    assert.deepEqual((await falseBits(file)).notBits, { b: 1 })
  })

  it('Self, iden3, Unirep: a full-field number has two decompositions (soundness 3)', async () => {
    const bad = await open(
      wrap('bitify', 'signal input in; signal output out[254]; out <== Num2Bits(254)(in);'),
    )
    assert.notEqual(undetermined(bad).length, 0)
    const witness = await bad.accept({ in: 5n })
    const alias = bad.forge(witness, { out: bitsOf(5n + r, 254) })
    assert.equal(bad.violated(alias), undefined)
    const ours = await gadget('AtMostConstant(254, -1)')
    await ours.refuse({ bits: bitsOf(5n + r, 254) })
    assert.deepEqual(undetermined(await gadget('Handle')), [])
  })

  it('circomlib #133, Decoder: all outputs 0 pass for any index (soundness 17)', async () => {
    const bad = await open(
      wrap(
        'multiplexer',
        'signal input i; signal output out[4]; signal output ok; (out, ok) <== Decoder(4)(i);',
      ),
    )
    assert.notDeepEqual(undetermined(bad), [])
    const witness = await bad.accept({ i: 2n })
    assert.equal(bad.violated(bad.forge(witness, { out: [0n, 0n, 0n, 0n], ok: 0n })), undefined)
    const ours = await gadget('OneHot(2)')
    assert.deepEqual(undetermined(ours), [])
    const honest = await ours.accept({ in: [0n, 1n] })
    ours.expectUnsatisfied(honest, { out: [0n, 0n, 0n, 0n] })
  })

  it('circomlib, MontgomeryDouble and MontgomeryAdd: a division by 0 leaves a free result (soundness 17)', async () => {
    const bad = await open(
      wrap('montgomery', 'signal input in[2]; signal output out[2]; out <== MontgomeryDouble()(in);'),
    )
    assert.deepEqual(undetermined(bad).length > 0, true)
    // Ours is open by itself too, and says so; within its callers each division is argued, and none is open.
    assert.notDeepEqual(undetermined(await gadget('MontgomeryAdd')), [])
    assert.deepEqual(undetermined(await gadget('Soul')), [])
  })

  it('Dark Forest, Unirep, MACI: a comparison takes -1 for less than 5 (soundness 4)', async () => {
    const bad = await open(
      wrap('comparators', 'signal input in[2]; signal output out; out <== LessThan(64)(in);'),
    )
    const witness = await bad.accept({ in: [r - 1n, 5n] })
    assert.equal(bad.value(witness, 'out'), 1n)
    // AtLeast orders what lies within 2^64 of each other; in a claim r - 1 stands for -1, and a nonce cannot be one.
    const ours = await gadget('AtLeast(64)')
    await ours.refuse({ in: [r - 1n - 2n ** 64n, 5n] })
    const clause = await gadget('Bits(8)')
    await clause.refuse({ in: r - 1n })
  })

  it('Dark Forest: a quotient and a remainder without range checks (soundness 4)', async () => {
    const bad = await open(`template T() { signal input a; signal input d; signal output q; signal output m;
      q <-- a \\ d; m <-- a % d; q * d + m === a; } component main = T();`)
    assert.deepEqual(undetermined(bad), ['m', 'q'])
  })

  it('circomspect, unconstrained division: 0 / 0 is anything', async () => {
    const bad = await open(
      'template T() { signal input a; signal input b; signal output q; q <-- b == 0 ? 0 : a / b; q * b === a; } component main = T();',
    )
    const witness = await bad.accept({ a: 0n, b: 0n })
    assert.equal(bad.violated(bad.forge(witness, { q: 15n })), undefined)
    assert.deepEqual(undetermined(bad), ['q'])
  })

  it('an assert on signals adds no constraint: 7 / 0 = 15 passes', async () => {
    const bad = await open(`template T() { signal input a; signal input b; signal output q; assert(b != 0);
      q <-- b == 0 ? 15 : a / b; signal check; check <== q * b; } component main = T();`)
    assert.deepEqual(undetermined(bad).includes('q'), true)
  })

  it('Panther: a point off the curve, and points of small order, sign nothing (soundness 16)', async () => {
    const ours = await gadget('Eddsa')
    const key = createIssuer({ secret: new Uint8Array(32).fill(7) }).publicKey
    const [x, y] = TORSION
    const bad = [
      [x, y],
      [0n, 1n],
      [0n, r - 1n],
      [5n, 7n],
    ]
    for (const R8 of bad) {
      for (const s of [0n, 1n, SUBGROUP_ORDER - 1n]) {
        const witness = await ours.accept({ A: key, R8, s, message: 1n })
        assert.equal(ours.value(witness, 'valid'), 0n)
        ours.expectUnsatisfied(witness, { valid: 1n })
      }
    }
  })

  it('Aztec 2.0, StealthDrop: two secrets of one key, hence two nullifiers (soundness 7)', async () => {
    const bad = await open(
      wrap('bitify', 'signal input in; signal output out; out <== Num2Bits(253)(in)[0];').replace(
        'out <== Num2Bits(253)(in)[0];',
        'signal b[253] <== Num2Bits(253)(in); out <== b[0];',
      ),
    )
    await bad.accept({ in: 5n + SUBGROUP_ORDER })
    const ours = await gadget('Soul')
    await ours.refuse({ secret: 5n + SUBGROUP_ORDER })
    await ours.refuse({ secret: SUBGROUP_ORDER })
  })

  it('personae-labs, RLN: a public input that no constraint uses can be anything (soundness 6)', async () => {
    const bad = await open(
      'template T() { signal input a; signal input unused; signal output b; b <== a * a; } component main = T();',
    )
    const witness = await bad.accept({ a: 3n, unused: 1n })
    assert.equal(bad.violated(bad.forge(witness, { unused: 99n })), undefined)
  })

  it('iden3: an operator out of range proves nothing (soundness 15)', async () => {
    const ours = await gadget('Clause')
    const inputs = {
      useNow: 0n,
      useNext: 0n,
      constant: 5n,
      now: 0n,
      value: 5n,
      held: 1n,
      next: 0n,
      nextHeld: 0n,
      inSet: 0n,
      notInSet: 0n,
    }
    const satisfied = await ours.accept({ ...inputs, operation: [0n, 1n, 0n] })
    assert.equal(ours.value(satisfied, 'satisfied'), 1n)
    const never = await ours.accept({ ...inputs, operation: [0n, 0n, 0n] })
    assert.equal(ours.value(never, 'satisfied'), 0n)
    ours.expectUnsatisfied(never, { satisfied: 1n })
    await ours.refuse({ ...inputs, operation: [2n, 0n, 0n] })
  })

  it('circom-pairing: a comparison is computed, and nothing demands its answer (soundness 5)', async () => {
    const bad = await open(
      wrap(
        'comparators',
        'signal input a; signal input b; signal output out; component less = LessThan(8); less.in[0] <== a; less.in[1] <== b; out <== a * b;',
      ),
    )
    const witness = await bad.accept({ a: 9n, b: 5n })
    assert.equal(bad.value(witness, 'out'), 45n)
    // Ours are demanded: the bound on a Soul's secret is one, and each other output is read by someone, see below.
    const ours = await gadget('Soul')
    await ours.refuse({ secret: SUBGROUP_ORDER + 1n })
    // Values, no answers: one statement needs the tallies, the other the history.
    assert.deepEqual(unreadOutputs(), [
      'Policy: ledger.history',
      'LedgerHistory: slot.counts',
      'LedgerHistory: slot.sums',
    ])
  })

  it('the search for outputs that nothing reads finds one that was planted', () => {
    const planted = [
      'template Answer() { signal input in; signal output ok; ok <== in * in; }',
      'template Bad() { signal input a; component answer = Answer(); answer.in <== a; component used = Answer(); used.in <== a; used.ok === 1; }',
    ]
    assert.deepEqual(unreadOutputs(planted), ['Bad: answer.ok'])
  })

  it('circom-ecdsa, BigMod; PSE and Polygon zkEVM: a remainder that is not below the divisor (soundness 4)', async () => {
    const bad = await open(`template T() { signal input a; signal output q; signal output m;
      q <-- a \\ 7; m <-- a % 7; q * 7 + m === a; } component main = T();`)
    const witness = await bad.accept({ a: 30n })
    assert.equal(bad.violated(bad.forge(witness, { q: 3n, m: 9n })), undefined)
    assert.ok(undetermined(bad).includes('m'))
    // No circuit of ours divides with a remainder: whoever adds one has to say so here.
    assert.deepEqual(
      linesWith(/[^/]%[^/]|[^\\]\\[^\\n]/).filter((line) => /signal|<--|<==|===/.test(line)),
      [],
    )
  })

  it('ZKAP, nondeterministic data flow: a choice by <-- that no constraint repeats (soundness 5)', async () => {
    const bad = await open(
      'template T() { signal input c; signal input a; signal input b; signal output out; out <-- c == 1 ? a : b; (out - a) * (out - b) === 0; } component main = T();',
    )
    const witness = await bad.accept({ c: 1n, a: 3n, b: 4n })
    assert.equal(bad.violated(bad.forge(witness, { out: 4n })), undefined)
    const ours = await gadget('OneHot(2)')
    assert.deepEqual(undetermined(ours), [])
  })

  it('circomspect, comparison of field elements: < on signals is signed, and constrains nothing', async () => {
    const bad = await open(
      'template T() { signal input a; signal output isSmall; isSmall <-- a < 5 ? 1 : 0; isSmall * (1 - isSmall) === 0; } component main = T();',
    )
    const witness = await bad.accept({ a: r - 1n })
    assert.equal(bad.value(witness, 'isSmall'), 1n)
    assert.equal(bad.violated(bad.forge(witness, { isSmall: 0n })), undefined)
    // Ours compare by a gadget, and complement no bits of the field.
    assert.deepEqual(
      linesWith(/<(--|==).*[^<]<[^<=-]|~/).filter((line) => !/<-- i < 128/.test(line)),
      [],
    )
  })

  it('Aztec, PLONK verifier: a proof of zeros (soundness 16)', async () => {
    const { key } = VERIFICATION_KEYS['membership']!
    const zeros = [
      {
        pi_a: ['0', '0', '1'],
        pi_b: [
          ['0', '0'],
          ['0', '0'],
          ['1', '0'],
        ],
        pi_c: ['0', '0', '1'],
      },
      {
        pi_a: ['0', '1', '0'],
        pi_b: [
          ['0', '0'],
          ['1', '0'],
          ['0', '0'],
        ],
        pi_c: ['0', '1', '0'],
      },
    ]
    for (const points of zeros) {
      const proof = { ...points, protocol: 'groth16', curve: 'bn128' }
      for (const signal of ['0', '1']) {
        const publicSignals = Array(6).fill(signal)
        const valid = await verifyGroth16({ verificationKey: key, publicSignals, proof } as never)
        assert.equal(valid, false)
      }
    }
  })

  it('Spartan-ecdsa, StealthDrop: s or R of a signature can be another, and something is derived from it (soundness 7)', () => {
    // A policy's circuit takes nothing from a signature but whether it is valid: R8 and s enter one gadget.
    const uses = linesWith(/\.(R8|s) <==|Eddsa\(/)
    assert.deepEqual(
      uses.map((line) => line.trim()).filter((line) => !line.startsWith('template')),
      ['sbt[m].R8 <== R8[m];', 'sbt[m].s <== s[m];', 'signal signatureHolds <== Eddsa()(key, R8, s, hash);'],
    )
  })
})

const CIRCUITS = new URL('../../circuits/', import.meta.url)

function sources(): string[] {
  return ['lib', 'statements'].flatMap((folder) =>
    readdirSync(new URL(`${folder}/`, CIRCUITS)).map((file) =>
      readFileSync(new URL(`${folder}/${file}`, CIRCUITS), 'utf8').replace(
        /\/\*[\s\S]*?\*\/|\/\/[^\n]*/g,
        '',
      ),
    ),
  )
}

/** Lines of code of all circuits that match. */
function linesWith(pattern: RegExp): string[] {
  return sources().flatMap((text) => text.split('\n').filter((line) => pattern.test(line)))
}

/** Outputs of named components that their template never reads; anonymous ones are dropped by `_ <==` in plain sight. */
function unreadOutputs(texts = sources()): string[] {
  const bodies = texts.flatMap((text) => text.split(/\btemplate\s+(?=\w+\s*\()/).slice(1))
  const outputs = new Map(
    bodies.map((body) => [
      /^\w+/.exec(body)?.[0],
      [...body.matchAll(/\bsignal\s+output\s+(?:\{\w+\}\s*)?(\w+)/g)].map((match) => match[1] as string),
    ]),
  )
  return bodies.flatMap((body) => {
    const declared = [...body.matchAll(/\bcomponent\s+(\w+)(?:\[[^\]]*\])*\s*(?:=\s*(\w+)\s*\()?/g)]
    return declared.flatMap(([, name = '', direct]) => {
      const assigned = new RegExp(`\\b${name}(?:\\[[^\\]]*\\])*\\s*=\\s*(\\w+)\\s*\\(`).exec(body)?.[1]
      const unread = (outputs.get(direct ?? assigned) ?? []).filter(
        (output) => !new RegExp(`\\b${name}(?:\\[[^\\]]*\\])*\\.${output}\\b`).test(body),
      )
      return unread.map((output) => `${/^\w+/.exec(body)?.[0]}: ${name}.${output}`)
    })
  })
}
