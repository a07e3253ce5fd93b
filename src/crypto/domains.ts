import { bytesToBigInt } from '../field.js'

const ascii = (text: string): bigint => bytesToBigInt(new TextEncoder().encode(text))

/**
 * Domain tags: the first input of every hash of this protocol. A tag is the ASCII text read as a big-endian
 * number. `circuits/lib/domains.circom` holds the same numbers; a test compares the two.
 *
 * Semaphore's own hashes (identity commitment, LeanIMT nodes) and the nodes of registry, status and set trees
 * carry no tag; their leaves do.
 */
export const DOMAIN = {
  /** (tag, idc, salt): the holder of an SBT. */
  holder: ascii('soulproof/holder/1'),
  /** (tag, schemaHash, holder, issuedAt, expiresAt, statusId, claim0..claim9): an SBT. */
  sbt: ascii('soulproof/sbt/1'),
  /** (tag, x, y, schemaHash): the type of SBTs attested by a key. */
  keyType: ascii('soulproof/type/key/1'),
  /** (tag, chainId, address, schemaHash): the type of SBTs attested by a contract. */
  contractType: ascii('soulproof/type/contract/1'),
  /** (tag, type, sbtHash): a leaf of an issuer's registry. */
  registered: ascii('soulproof/registered/1'),
  /** (tag, slot, type, registryRoot, statusRoot, flags): a leaf of an anchors snapshot. */
  anchor: ascii('soulproof/anchor/1'),
  /** (tag, scope, secret): the nullifier of a Soul. */
  nullifier: ascii('soulproof/nullifier/soul/1'),
  /** (tag, scope, claim): the nullifier of a person, from a secret claim. */
  personalNullifier: ascii('soulproof/nullifier/claim/1'),
  /** (tag, scope, secret): the nullifier of a Soul in a designated proof. */
  designatedNullifier: ascii('soulproof/nullifier/soul/dv/1'),
  /** (tag, scope, claim): the nullifier of a person in a designated proof. */
  designatedPersonalNullifier: ascii('soulproof/nullifier/claim/dv/1'),
  /** (tag, scope, verifierKey, verifierKey2, beacon): the scope of designated and timed proofs. */
  designatedScope: ascii('soulproof/scope/designated'),
  /** (tag, ledgerId, secret): the number whose low 248 bits are a handle. */
  handle: ascii('soulproof/handle/1'),
  /** (tag, handle, next, count0, sum0, ..., head): a leaf of a ledger tree. */
  ledgerLeaf: ascii('soulproof/ledger/leaf/1'),
  /** (tag, ledgerId, categories, treeRoot, size, queueLength, queueHead): the root of a ledger. */
  ledgerRoot: ascii('soulproof/ledger/root/1'),
  /** The empty queue; then (head, subject, content) for each entry. */
  ledgerQueue: ascii('soulproof/ledger/queue/1'),
  /** The empty history of a handle; then (head, subject, content) for each of its entries. */
  ledgerHistory: ascii('soulproof/ledger/history/1'),
  /** (tag, low, high, lowIsMember): a leaf of a sorted interval set. */
  interval: ascii('soulproof/interval/1'),
  /** (tag, profile, source, ...): the program of a policy. */
  policy: ascii('soulproof/policy/1'),
} as const

/** Tags of what no circuit hashes: signatures of verifier keys, publishers and issuers. They differ from each other and from all of {@link DOMAIN}. */
export const SIGNATURE_DOMAIN = {
  /** (tag, challenge, verifierKey, session): a proof of possession. */
  possession: ascii('soulproof/possession/1'),
  /** (tag, hash of the entry): an entry of a feed, by its publisher. */
  feed: ascii('soulproof/feed/1'),
  /** (tag, hash of the offer): an offer to issue, by the issuer. */
  offer: ascii('soulproof/issuing/offer/1'),
  /** (tag, previous key, next key, at): a rotation. */
  rotation: ascii('soulproof/rotation/1'),
} as const
