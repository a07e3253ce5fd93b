import { type Circuit, type Gadget, openGadget } from '../../support/circuit.js'

const slotInputs = {
  commitment: '',
  now: '',
  anchorsRoot: '',
  slot: '',
  salt: '',
  schemaHash: '',
  issuedAt: '',
  expiresAt: '',
  statusId: '',
  claims: '[10]',
  issuer: '[2]',
  isContract: '',
  isSigned: '',
  R8: '[2]',
  s: '',
  index: '[20]',
  children: '[10][4]',
  registryRoot: '',
  statusRoot: '',
  acceptsSigned: '',
  acceptsRegistered: '',
  wantsStatus: '',
  maxAge: '',
  anchorIndex: '[6]',
  anchorChildren: '[3][4]',
}

const atMost = (width: number, bound: string): Gadget => ({
  include: ['bits'],
  inputs: { bits: `[${width}]` },
  body: `AtMostConstant(${width}, ${bound})(BitArray(${width})(bits));`,
})

const formula = (o: {
  clauses: number
  gates: number
  parentBits: number
  weightBits: number
  thresholdBits: number
}): Gadget => {
  const nodes = o.clauses + o.gates - 1
  return {
    include: ['formula'],
    inputs: {
      satisfied: `[${o.clauses}]`,
      parents: `[${nodes}][${o.parentBits}]`,
      weights: `[${nodes}]`,
      thresholds: `[${o.gates}]`,
    },
    outputs: { out: '' },
    body: `
      component f = Formula(${o.clauses}, ${o.gates}, ${o.parentBits}, ${o.weightBits}, ${o.thresholdBits});
      f.satisfied <== BitArray(${o.clauses})(satisfied);
      for (var n = 0; n < ${nodes}; n++) {
        f.parents[n] <== BitArray(${o.parentBits})(parents[n]);
        _ <== Bits(${o.weightBits})(weights[n]);
        f.weights[n] <== weights[n];
      }
      for (var g = 0; g < ${o.gates}; g++) {
        _ <== Bits(${o.thresholdBits})(thresholds[g]);
        f.thresholds[g] <== thresholds[g];
      }
      out <== f.out;`,
  }
}

const select = (values: number, bits: number): Gadget => ({
  include: ['select'],
  inputs: { in: `[${values}]`, index: `[${bits}]` },
  outputs: { out: '' },
  body: `out <== Select(${values}, ${bits})(in, BitArray(${bits})(index));`,
})

const atLeast = (width: number): Gadget => ({
  include: ['compare'],
  inputs: { in: '[2]' },
  outputs: { out: '' },
  body: `out <== AtLeast(${width})(in);`,
})

const bits = (width: number): Gadget => ({
  include: ['bits'],
  inputs: { in: '' },
  outputs: { out: `[${width}]` },
  body: `out <== Bits(${width})(in);`,
})

/** A gadget whose inputs and outputs are connected by name; some inputs are tagged as bits. */
const byName = (o: {
  readonly include: string
  readonly template: string
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly bits?: readonly string[]
  readonly handles?: readonly string[]
}): Gadget => ({
  include: [o.include],
  inputs: o.inputs,
  outputs: o.outputs,
  body: [
    `component gadget = ${o.template};`,
    ...(o.handles ?? []).map((name) => `signal {handle} ${name}Tagged <== ${name};`),
    ...Object.entries(o.inputs).map(([name, size]) => {
      const width = /^\[(\d+)\]$/.exec(size)?.[1]
      const bits = width === undefined ? 'Bit()' : `BitArray(${width})`
      const value = o.handles?.includes(name) ? `${name}Tagged` : name
      return `gadget.${name} <== ${o.bits?.includes(name) ? `${bits}(${name})` : value};`
    }),
    ...Object.keys(o.outputs).map((name) => `${name} <== gadget.${name};`),
  ].join('\n'),
})

const ledgerSlot = (depth: number): Gadget =>
  byName({
    include: 'ledger-slot',
    template: `LedgerSlot(${depth})`,
    inputs: {
      own: '',
      ledgerId: '',
      categories: '',
      root: '',
      handle: '',
      next: '',
      leafCounts: '[4]',
      leafSums: '[4]',
      head: '',
      index: `[${2 * depth}]`,
      children: `[${depth}][4]`,
      size: '',
      queueLength: '',
      queueHead: '',
    },
    outputs: { opened: '', counts: '[4]', sums: '[4]', history: '' },
    handles: ['own'],
  })

const ledgerEntries = (entries: number): Gadget =>
  byName({
    include: 'ledger-entries',
    template: `LedgerEntries(${entries})`,
    inputs: {
      handle: '',
      mask: '[4]',
      since: '',
      least: '',
      used: `[${entries}]`,
      category: `[${entries}][2]`,
      content: `[${entries}]`,
    },
    outputs: { head: '', matches: '' },
    bits: ['mask'],
    handles: ['handle'],
  })

const quaternaryUpdate = (depth: number): Gadget =>
  byName({
    include: 'quaternary-update',
    template: `QuaternaryUpdate(${depth})`,
    inputs: { before: '', after: '', index: `[${2 * depth}]`, children: `[${depth}][4]` },
    outputs: { rootBefore: '', rootAfter: '' },
    bits: ['index'],
  })

const ledgerTouch = (depth: number): Gadget =>
  byName({
    include: 'ledger-touch',
    template: `LedgerTouch(${depth})`,
    inputs: {
      treeRoot: '',
      size: '',
      queueLength: '',
      queueHead: '',
      linking: '',
      linkedHandle: '',
      linkedNext: '',
      isSkip: '',
      isUpdate: '',
      isLink: '',
      isOverflow: '',
      handle: '',
      category: '[5]',
      content: '',
      leafHandle: '',
      next: '',
      counts: '[4]',
      sums: '[4]',
      head: '',
      index: `[${2 * depth}]`,
      children: `[${depth}][4]`,
    },
    outputs: { newTreeRoot: '', newSize: '', newQueueLength: '', newQueueHead: '', links: '' },
    bits: ['linking'],
  })

/** The wrappers of all gadgets, as tests open them; `constraints.snapshot.json` holds what each costs. */
export const GADGETS = {
  Bit: { include: ['bits'], inputs: { in: '' }, outputs: { out: '' }, body: 'out <== Bit()(in);' },
  'BitArray(3)': {
    include: ['bits'],
    inputs: { in: '[3]' },
    outputs: { out: '[3]' },
    body: 'out <== BitArray(3)(in);',
  },
  'Bits(1)': bits(1),
  'Bits(8)': bits(8),
  'Bits(253)': bits(253),
  'FromBits(253)': {
    include: ['bits'],
    inputs: { in: '[253]' },
    outputs: { out: '' },
    body: 'out <== FromBits(253)(BitArray(253)(in));',
  },
  ...(Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7].map((bound) => [`AtMostConstant(3, ${bound})`, atMost(3, String(bound))]),
  ) as Record<`AtMostConstant(3, ${number})`, Gadget>),
  'AtMostConstant(254, -1)': atMost(254, '-1'),
  IsZero: { include: ['compare'], inputs: { in: '' }, outputs: { out: '' }, body: 'out <== IsZero()(in);' },
  IsEqual: {
    include: ['compare'],
    inputs: { in: '[2]' },
    outputs: { out: '' },
    body: 'out <== IsEqual()(in);',
  },
  'AtLeast(3)': atLeast(3),
  'AtLeast(64)': atLeast(64),
  'AtLeast(252)': atLeast(252),
  'Select(1, 1)': select(1, 1),
  'Select(3, 2)': select(3, 2),
  'Select(4, 2)': select(4, 2),
  'Select(10, 4)': select(10, 4),
  'Hash(2..6, 16)': {
    include: ['hash'],
    inputs: { in: '[16]' },
    outputs: { out: '[6]' },
    body: `var lengths[6] = [2, 3, 4, 5, 6, 16];
      component h[6];
      for (var k = 0; k < 6; k++) {
        h[k] = Hash(lengths[k]);
        for (var i = 0; i < lengths[k]; i++) h[k].in[i] <== in[i];
        out[k] <== h[k].out;
      }`,
  },
  'HashChain(1, 15, 16, 31)': {
    include: ['hash'],
    inputs: { tag: '', in: '[31]' },
    outputs: { out: '[4]' },
    body: `var lengths[4] = [1, 15, 16, 31];
      component c[4];
      for (var k = 0; k < 4; k++) {
        c[k] = HashChain(lengths[k]);
        c[k].tag <== tag;
        for (var i = 0; i < lengths[k]; i++) c[k].in[i] <== in[i];
        out[k] <== c[k].out;
      }`,
  },
  'QuaternaryRoot(2)': {
    include: ['quaternary-root'],
    inputs: { leaf: '', index: '[4]', children: '[2][4]' },
    outputs: { out: '' },
    body: 'out <== QuaternaryRoot(2)(leaf, BitArray(4)(index), children);',
  },
  'QuaternaryRoot(10)': {
    include: ['quaternary-root'],
    inputs: { leaf: '', index: '[20]', children: '[10][4]' },
    outputs: { out: '' },
    body: 'out <== QuaternaryRoot(10)(leaf, BitArray(20)(index), children);',
  },
  'LeanRoot(4)': {
    include: ['lean-root'],
    inputs: { leaf: '', index: '[4]', used: '[4]', siblings: '[4]' },
    outputs: { out: '' },
    body: 'out <== LeanRoot(4)(leaf, BitArray(4)(index), BitArray(4)(used), siblings);',
  },
  EdwardsAdd: {
    include: ['babyjub'],
    inputs: { p: '[2]', q: '[2]' },
    outputs: { out: '[2]' },
    body: 'out <== EdwardsAdd()(p, q);',
  },
  ToMontgomery: {
    include: ['babyjub'],
    inputs: { in: '[2]' },
    outputs: { out: '[2]' },
    body: 'out <== ToMontgomery()(in);',
  },
  ToEdwards: {
    include: ['babyjub'],
    inputs: { in: '[2]' },
    outputs: { out: '[2]' },
    body: 'out <== ToEdwards()(in);',
  },
  MontgomeryAdd: {
    include: ['babyjub'],
    inputs: { p: '[2]', q: '[2]' },
    outputs: { out: '[2]' },
    body: 'out <== MontgomeryAdd()(p, q);',
  },
  Base8Multiply: {
    include: ['base8-multiply'],
    inputs: { scalar: '' },
    outputs: { out: '[2]' },
    body: 'out <== Base8Multiply()(Bits(252)(scalar));',
  },
  TimedBit: {
    include: ['timed-bit'],
    inputs: { k: '', b: '' },
    outputs: { out: '[2]' },
    body: 'out <== TimedBit()(k, Bit()(b));',
  },
  Soul: {
    include: ['soul'],
    inputs: { secret: '' },
    outputs: { commitment: '' },
    body: 'commitment <== Soul()(secret);',
  },
  'SignedMultiply(5)': {
    include: ['eddsa'],
    inputs: { k: '', p: '[2]' },
    outputs: { out: '[2]' },
    body: 'out <== SignedMultiply(5)(Bits(5)(k), p);',
  },
  Eddsa: {
    include: ['eddsa'],
    inputs: { A: '[2]', R8: '[2]', s: '', message: '' },
    outputs: { valid: '' },
    body: 'valid <== Eddsa()(A, R8, s, message);',
  },
  EffectiveScope: {
    include: ['nullifier'],
    inputs: { scope: '', verifierKey: '', verifierKey2: '' },
    outputs: { out: '', designated: '' },
    body: '(out, designated) <== EffectiveScope()(scope, verifierKey, verifierKey2);',
  },
  Nullifier: {
    include: ['nullifier', 'bits'],
    inputs: { scope: '', designated: '', personal: '', unique: '' },
    outputs: { out: '' },
    body: 'out <== Nullifier()(scope, Bit()(designated), Bit()(personal), unique);',
  },
  IsVerifier: {
    include: ['nullifier'],
    inputs: { commitment: '', verifierKey: '', verifierKey2: '' },
    outputs: { out: '' },
    body: 'out <== IsVerifier()(commitment, verifierKey, verifierKey2);',
  },
  'Load(3)': {
    include: ['load'],
    inputs: { slot: '[4]', claim: '[4]', slots: '[3]', valid: '[3]', claims: '[3][10]' },
    outputs: { value: '', held: '' },
    body: '(value, held) <== Load(3)(BitArray(4)(slot), BitArray(4)(claim), slots, BitArray(3)(valid), claims);',
  },
  Clause: {
    include: ['clause'],
    inputs: {
      operation: '[3]',
      useNow: '',
      useNext: '',
      constant: '',
      now: '',
      value: '',
      held: '',
      next: '',
      nextHeld: '',
      inSet: '',
      notInSet: '',
    },
    outputs: { satisfied: '' },
    body: `satisfied <== Clause()(
      BitArray(3)(operation), Bit()(useNow), Bit()(useNext), constant, now, value, Bit()(held), next, Bit()(nextHeld),
      Bit()(inSet), Bit()(notInSet)
    );`,
  },
  'OneHot(1)': {
    include: ['formula'],
    inputs: { in: '[1]' },
    outputs: { out: '[2]' },
    body: 'out <== OneHot(1)(BitArray(1)(in));',
  },
  'OneHot(2)': {
    include: ['formula'],
    inputs: { in: '[2]' },
    outputs: { out: '[4]' },
    body: 'out <== OneHot(2)(BitArray(2)(in));',
  },
  'OneHot(3)': {
    include: ['formula'],
    inputs: { in: '[3]' },
    outputs: { out: '[8]' },
    body: 'out <== OneHot(3)(BitArray(3)(in));',
  },
  'Formula(2, 2)': formula({ clauses: 2, gates: 2, parentBits: 1, weightBits: 1, thresholdBits: 3 }),
  'Formula(12, 6)': formula({ clauses: 12, gates: 6, parentBits: 3, weightBits: 7, thresholdBits: 12 }),
  'Interval(10)': {
    include: ['interval'],
    inputs: {
      value: '',
      held: '',
      root: '',
      low: '',
      high: '',
      lowIsMember: '',
      index: '[20]',
      children: '[10][4]',
    },
    outputs: { isMember: '', isNoMember: '' },
    body: '(isMember, isNoMember) <== Interval(10)(value, Bit()(held), root, low, high, lowIsMember, index, children);',
  },
  LedgerLeaf: {
    include: ['ledger-hash'],
    inputs: { handle: '', next: '', counts: '[4]', sums: '[4]', head: '' },
    outputs: { out: '' },
    body: 'out <== LedgerLeaf()(handle, next, counts, sums, head);',
  },
  LedgerRoot: {
    include: ['ledger-hash'],
    inputs: { ledgerId: '', categories: '', treeRoot: '', size: '', queueLength: '', queueHead: '' },
    outputs: { out: '' },
    body: 'out <== LedgerRoot()(ledgerId, categories, treeRoot, size, queueLength, queueHead);',
  },
  'LedgerSlot(2)': ledgerSlot(2),
  'LedgerSlot(10)': ledgerSlot(10),
  'LedgerEntries(3)': ledgerEntries(3),
  'QuaternaryUpdate(2)': quaternaryUpdate(2),
  'QuaternaryUpdate(10)': quaternaryUpdate(10),
  'LedgerTouch(1)': ledgerTouch(1),
  'LedgerTouch(10)': ledgerTouch(10),
  Handle: {
    include: ['handle'],
    inputs: { ledgerId: '', secret: '' },
    outputs: { out: '' },
    body: 'out <== Handle()(ledgerId, secret);',
  },
  'SbtSlot(10, 3)': {
    include: ['sbt-slot'],
    inputs: slotInputs,
    outputs: { valid: '', hash: '' },
    body: ['component slotOf = SbtSlot(10, 3);']
      .concat(Object.keys(slotInputs).map((name) => `slotOf.${name} <== ${name};`))
      .concat('valid <== slotOf.valid;', 'hash <== slotOf.hash;')
      .join('\n'),
  },
} satisfies Record<string, Gadget>

/** Opens a gadget's wrapper. */
export function gadget(name: keyof typeof GADGETS): Promise<Circuit> {
  return openGadget(GADGETS[name] as Gadget)
}
