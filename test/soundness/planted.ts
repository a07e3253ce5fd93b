/** A bug to plant in a scratch copy, and where to look for who notices. */
export interface Planted {
  /** Row of the project's list of attacks. */
  readonly row: number
  /** What the bug is. */
  readonly bug: string
  readonly file: string
  /** What stands there, once, and what is put in its place. */
  readonly from: string
  readonly to: string
  /** Statement whose circuit has to be compiled anew for it. */
  readonly statement?: string
  /** Test files with a pattern of titles, in the order in which they are asked: the machinery first. */
  readonly ask: readonly (readonly [file: string, titles: string])[]
}

const PROOFS = 'test/soundness/determinism.test.ts'
const MUTATION = 'test/soundness/mutation.test.ts'
const FUZZ = 'test/soundness/fuzz.test.ts'
const gadgetTest = (name: string): readonly [string, string] => [`test/circuits/lib/${name}.test.ts`, '.']

/** One bug for each class of attack that applies, and one more for some. */
export const PLANTED: readonly Planted[] = [
  {
    row: 1,
    bug: 'Bit() does not enforce a bit, so that selectors are any number',
    file: 'circuits/lib/bits.circom',
    from: 'in * (in - 1) === 0;',
    to: '_ <== in * (in - 1);',
    ask: [[PROOFS, 'LeanRoot\\(4\\)']],
  },
  {
    row: 2,
    bug: 'levels of a path may be used after unused ones',
    file: 'circuits/lib/lean-root.circom',
    from: 'if (i > 0) used[i] * (1 - used[i - 1]) === 0;',
    to: 'if (i > 0) _ <== used[i] * (1 - used[i - 1]);',
    ask: [[PROOFS, 'LeanRoot\\(4\\)'], gadgetTest('lean-root')],
  },
  {
    row: 3,
    bug: 'the handle is decomposed without the bound at r - 1',
    file: 'circuits/lib/handle.circom',
    from: '    AtMostConstant(254, -1)(bits);',
    to: '',
    ask: [[PROOFS, 'Handle']],
  },
  {
    row: 4,
    bug: 'Bits() does not enforce that the bits make the number: no range is checked',
    file: 'circuits/lib/bits.circom',
    from: '    sum === in;\n}\n\n/** The number',
    to: '}\n\n/** The number',
    ask: [[PROOFS, 'AtLeast\\(64\\)']],
  },
  {
    row: 5,
    bug: 'the answer of IsZero is assigned and not constrained',
    file: 'circuits/lib/compare.circom',
    from: 'out <== 1 - in * inverse;',
    to: 'out <-- 1 - in * inverse;',
    ask: [[PROOFS, 'IsEqual']],
  },
  {
    row: 5,
    bug: 'a quotient of the curve is assigned and not constrained',
    file: 'circuits/lib/babyjub.circom',
    from: '    slope * (q[0] - p[0]) === q[1] - p[1];',
    to: '',
    ask: [
      [PROOFS, 'Base8Multiply'],
      [MUTATION, 'Base8Multiply'],
    ],
  },
  {
    row: 5,
    bug: 'the bits of a challenge are assigned and not tied to its hash',
    file: 'circuits/lib/eddsa.circom',
    from: '    sum === h + KAPPA;',
    to: '',
    ask: [[PROOFS, ' Eddsa:']],
  },
  {
    row: 6,
    bug: 'the claim does not depend on the nullifier',
    file: 'circuits/statements/membership.circom',
    from: 'signal claim <== isMember * isNullifier;',
    to: 'signal claim <== isMember;',
    statement: 'membership',
    ask: [[PROOFS, 'one nullifier per Soul, scope and verifier keys']],
  },
  {
    row: 7,
    bug: 'a secret from l on is accepted',
    file: 'circuits/lib/soul.circom',
    from: 'AtMostConstant(251, SUBGROUP_ORDER() - 1)(low);',
    to: '',
    statement: 'membership',
    ask: [[PROOFS, 'the secret of a Soul is below l']],
  },
  {
    row: 7,
    bug: 'the nullifier is that of the scope alone',
    file: 'circuits/lib/nullifier.circom',
    from: 'out <== Hash(3)([tag, scope, unique]);',
    to: 'out <== Hash(3)([tag, scope, 0 * unique]);',
    ask: [[PROOFS, 'Nullifier'], gadgetTest('nullifier')],
  },
  {
    row: 8,
    bug: 'numbers at or above their modulus are accepted',
    file: 'src/field.ts',
    from: 'if (number >= bound)',
    to: 'if (number < 0n)',
    ask: [
      [FUZZ, 'every entry'],
      ['test/verifier/groth16.test.ts', 'aliasing'],
    ],
  },
  {
    row: 9,
    bug: 'a key with gamma = delta is accepted',
    file: 'src/verifier/keys.ts',
    from: 'if (key.gamma[0].every(',
    to: 'if (!key.gamma[0].some(() => true) && key.gamma[0].every(',
    ask: [['test/verifier/keys.test.ts', '.']],
  },
  {
    row: 10,
    bug: 'the gate remembers the bytes of proofs',
    file: 'contracts/PolicyGate.sol',
    from: 'if (spent[proof.nullifier]) revert',
    to: 'if (spent[uint256(keccak256(abi.encode(proof)))]) revert',
    ask: [['test/contracts/gate.test.ts', 're-randomised']],
  },
  {
    row: 11,
    bug: '0 is a member of groups',
    file: 'src/merkle/group.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a piece of source
    from: 'if (member === 0n) throw new RangeError(`${label} must',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a piece of source
    to: 'if (member < 0n) throw new RangeError(`${label} must',
    ask: [['test/merkle/group.test.ts', '.']],
  },
  {
    row: 12,
    bug: 'the leaf of a registered SBT has the tag of nothing',
    file: 'circuits/lib/sbt-slot.circom',
    from: 'Hash(3)([DOMAIN_REGISTERED(), type, hash])',
    to: 'Hash(3)([0, type, hash])',
    ask: [gadgetTest('sbt-slot')],
  },
  {
    row: 13,
    bug: 'the first batch starts at any tree',
    file: 'circuits/statements/ledger-batch.circom',
    from: '    isFirst * (treeRoot - EMPTY_ROOT) === 0;',
    to: '',
    statement: 'ledger-batch',
    ask: [['test/ledger/batch.test.ts', 'starts at the empty ledger']],
  },
  {
    row: 13,
    bug: 'the leaf that a step touches is of any tree',
    file: 'circuits/lib/ledger-touch.circom',
    from: '    rootBefore === treeRoot;',
    to: '',
    ask: [[PROOFS, 'LedgerTouch\\(1\\)'], gadgetTest('ledger-touch')],
  },
  {
    row: 14,
    bug: 'the anchor does not bind whether a status is wanted',
    file: 'circuits/lib/sbt-slot.circom',
    from: 'flags[0] + 2 * flags[1] + 4 * flags[2] + 8 * maxAge',
    to: 'flags[0] + 2 * flags[1] + 8 * maxAge',
    ask: [gadgetTest('sbt-slot')],
  },
  {
    row: 15,
    bug: 'a gate without children holds',
    file: 'circuits/lib/formula.circom',
    from: 'thresholds[n - CLAUSES] + 1]',
    to: 'thresholds[n - CLAUSES]]',
    ask: [gadgetTest('formula')],
  },
  {
    row: 16,
    bug: 'any point is an issuer key',
    file: 'src/sbt/issuer.ts',
    from: 'if (!isPublicKey(publicKey))',
    to: 'if (isPublicKey.length > 9)',
    ask: [
      [FUZZ, 'every entry'],
      ['test/sbt/issue.test.ts', '.'],
    ],
  },
  {
    row: 17,
    bug: 'the output of the hash is assigned and not constrained',
    file: 'circuits/lib/hash.circom',
    from: 'signal output out <== Poseidon(N)(in);',
    to: 'signal output out; component h = Poseidon(N); h.inputs <== in; out <-- h.out;',
    ask: [[PROOFS, 'QuaternaryRoot\\(2\\)']],
  },
  {
    row: 18,
    bug: 'the challenge of the second part does not hash the first proof',
    file: 'src/designated/sigma.ts',
    from: '      concatBytes(...o.proof.map(number)),',
    to: '',
    ask: [['test/designated/sigma.test.ts', 'row 18']],
  },
  {
    row: 19,
    bug: 'the verifier does not compare signals with what it expects',
    file: 'src/verifier/index.ts',
    from: 'const signals = readSignals(expectation.signals, fields.publicSignals)',
    to: 'const signals = (fields.publicSignals as string[]).map(BigInt)',
    ask: [
      [FUZZ, 'every entry'],
      ['test/statements/membership.test.ts', 'row'],
    ],
  },
  {
    row: 20,
    bug: 'the hash of the key in an envelope is not compared',
    file: 'src/verifier/index.ts',
    from: 'if (fields.verificationKeyHash !== trusted.hash)',
    to: 'if (fields.verificationKeyHash === 0)',
    ask: [[FUZZ, 'an envelope is accepted as it is']],
  },
  {
    row: 22,
    bug: 'simulated nullifiers are shorter than real ones',
    file: 'src/designated/simulate.ts',
    from: 'const { nullifier = randomBelow(FIELD_MODULUS) } = o',
    to: 'const { nullifier = randomBelow(1n << 250n) } = o',
    ask: [['test/designated/indistinguishable.test.ts', 'chi-square']],
  },
  {
    row: 23,
    bug: 'a proof is made for a key of which nobody showed the secret',
    file: 'src/designated/exchange.ts',
    from: 'if (!checkPossession({ verifierKey,',
    to: 'if (verifierKey < 0n && !checkPossession({ verifierKey,',
    ask: [['test/designated/exchange.test.ts', 'row 23']],
  },
  {
    row: 24,
    bug: 'a gap has no upper end, so that the own leaf can be passed over',
    file: 'circuits/lib/ledger-slot.circom',
    from: '_ <== Bits(248)(above);',
    to: '_ <== above;',
    ask: [[PROOFS, 'LedgerSlot\\(2\\)'], gadgetTest('ledger-slot')],
  },
  {
    row: 24,
    bug: 'the entries that are opened need not be all',
    file: 'circuits/statements/ledger-history.circom',
    from: 'signal opened <== slot.opened * complete;',
    to: 'signal opened <== slot.opened; _ <== slot.opened * complete;',
    statement: 'ledger-history',
    ask: [['test/statements/ledger-history.test.ts', 'row 24']],
  },
  {
    row: 25,
    bug: 'one SBT counts in two slots',
    file: 'circuits/lib/policy.circom',
    from: 'clash[pair] <== sameSbt[pair] + sameSlot[pair] - sameSbt[pair] * sameSlot[pair];',
    to: 'clash[pair] <== sameSlot[pair] + 0 * sameSbt[pair];',
    statement: 'policy-m',
    ask: [['test/statements/policy-m.test.ts', 'row 25']],
  },
  {
    row: 26,
    bug: 'an SBT that does not count contributes its claims',
    file: 'circuits/lib/load.circom',
    from: 'match[m] <== valid[m] * named[m];',
    to: 'match[m] <== named[m]; _ <== valid[m] * named[m];',
    ask: [gadgetTest('load')],
  },
  {
    row: 27,
    bug: 'the status root serves registered SBTs too',
    file: 'circuits/lib/sbt-slot.circom',
    from: 'registryRoot + signed * (statusRoot - registryRoot)',
    to: 'statusRoot + signed * (statusRoot - statusRoot)',
    ask: [gadgetTest('sbt-slot')],
  },
  {
    row: 28,
    bug: '"not in" is the negation of "in"',
    file: 'circuits/lib/interval.circom',
    from: 'isNoMember <== opened - isMember;',
    to: 'isNoMember <== 1 - isMember;',
    ask: [gadgetTest('interval')],
  },
  {
    row: 29,
    bug: 'a predicate holds for an SBT that is not held',
    file: 'circuits/lib/clause.circom',
    from: 'satisfied <== chosen * bothHeld;',
    to: 'satisfied <== chosen; _ <== chosen * bothHeld;',
    ask: [gadgetTest('clause')],
  },
  {
    row: 30,
    bug: 'a possession signs the challenge of the other side as it is',
    file: 'src/designated/possession.ts',
    from: 'return poseidon([SIGNATURE_DOMAIN.possession, hashBytes(challenge), verifierKey, purpose])',
    to: 'return hashBytes(challenge)',
    ask: [['test/designated/possession.test.ts', '.']],
  },
  {
    row: 31,
    bug: 'pi = 0 is accepted',
    file: 'src/designated/sigma.ts',
    from: 'if (pi < 1n || pi > (modulus - 1n) / 2n || gcd(pi, modulus) !== 1n)',
    to: 'if (pi > (modulus - 1n) / 2n)',
    ask: [['test/designated/sigma.test.ts', 'row 31']],
  },
  {
    row: 32,
    bug: 'an entry of a category from 16 on fits no step',
    file: 'circuits/lib/ledger-touch.circom',
    from: 'skip * hasEffect === 0;',
    to: 'skip * hasEffect === 0; skip * kind[4] === 0;',
    ask: [gadgetTest('ledger-touch')],
  },
  {
    row: 33,
    bug: 'the verifier key is taken from the envelope',
    file: 'src/verifier/index.ts',
    from: "return { name, oneOf: name === 'root' ? roots : [context[name]] }",
    to: "if (name.startsWith('verifierKey')) return { name, from: 0n, below: FIELD_MODULUS }\n    return { name, oneOf: name === 'root' ? roots : [context[name]] }",
    ask: [['test/statements/membership.test.ts', 'row 33']],
  },
]
