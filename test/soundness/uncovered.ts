/** Circuits that the machinery does not cover yet; docs/security.md names them. A list that only ever gets shorter. */
export const UNCOVERED = {
  /** The rules do not prove them whole, or their snapshot has not been judged. */
  determinism: [
    'policy-s',
    'TimedBit',
    'LedgerLeaf',
    'LedgerRoot',
    'LedgerSlot(2)',
    'LedgerSlot(10)',
    'LedgerEntries(3)',
    'QuaternaryUpdate(2)',
    'QuaternaryUpdate(10)',
    'LedgerTouch(1)',
    'LedgerTouch(10)',
  ],
  /** No collected inputs, or survivors that have not been judged. */
  mutation: [
    'QuaternaryRoot(2)',
    'QuaternaryRoot(10)',
    'Eddsa',
    'Interval(10)',
    'LedgerSlot(2)',
    'LedgerSlot(10)',
    'QuaternaryUpdate(2)',
    'QuaternaryUpdate(10)',
    'LedgerTouch(1)',
    'LedgerTouch(10)',
    'SbtSlot(10, 3)',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>
