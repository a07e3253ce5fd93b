/*
 * JSON schemas of the service's routes: Fastify checks requests by them, writes replies by them, and the OpenAPI description is
 * made of them. What is in an envelope is the verifier's to check.
 */

const decimal = { type: 'string', pattern: '^(0|[1-9][0-9]{0,77})$' } as const
const claimIdSchema = { type: 'string', pattern: '^[0-9a-f]{64}$' } as const
const binding = {
  type: 'string',
  maxLength: 1000,
  description: 'What the challenge is tied to: a session or an account',
} as const

/** Name of a gate in a path. */
export const GATE_PARAMS = {
  type: 'object',
  properties: { gate: { type: 'string', pattern: '^[a-z0-9-]{1,64}$' } },
  required: ['gate'],
} as const

/** Id of a claim in a path. */
export const CLAIM_PARAMS = { type: 'object', properties: { id: claimIdSchema }, required: ['id'] } as const

/** Asks for a challenge. */
export const CHALLENGE_BODY = {
  type: 'object',
  additionalProperties: false,
  properties: {
    binding,
    possession: {
      type: 'string',
      pattern: '^([0-9a-f]{2}){16,512}$',
      description: 'A fresh challenge of the wallet, for gates with a verifier key',
    },
  },
} as const

/** Hands in a proof. */
export const PROOF_BODY = {
  type: 'object',
  additionalProperties: false,
  required: ['envelope'],
  properties: {
    envelope: { type: 'object', additionalProperties: true, description: 'The proof, as prove wrote it' },
    challenge: { type: 'string', maxLength: 600 },
    binding,
    message: {
      type: 'string',
      maxLength: 4000,
      description: 'Text that the proof is bound to, if the gate makes no challenges',
    },
    messageField: { ...decimal, description: 'The same as a field element' },
  },
} as const

/** What every refusal and failure is answered with. */
export const FAILURE = {
  $id: 'Failure',
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'reason'],
      properties: {
        code: {
          type: 'string',
          enum: [
            'malformed',
            'challenge',
            'refused',
            'unknown',
            'taken',
            'large',
            'often',
            'unavailable',
            'internal',
          ],
        },
        reason: { type: 'string' },
      },
    },
  },
} as const

const failure = (description: string) => ({ description, $ref: 'Failure#' })

/** Replies that any route may give. */
export const FAILURES = {
  400: failure('Malformed'),
  413: failure('The body is too large'),
  415: failure('Not JSON'),
  429: failure('Too many requests from this address'),
  500: failure('A fault of the service'),
  503: failure('Not available now: try again'),
} as const

/** What a gate asks for. */
export const OFFER = {
  description: 'What to prove',
  type: 'object',
  required: ['version', 'gate', 'audience', 'statement', 'scope', 'verifierKey', 'verifierKey2', 'admit'],
  properties: {
    version: { type: 'integer', const: 1 },
    gate: { type: 'string' },
    audience: { type: 'string' },
    statement: { type: 'string' },
    policy: { type: 'object', additionalProperties: true },
    scope: decimal,
    verifierKey: decimal,
    verifierKey2: decimal,
    admit: { type: 'string', enum: ['once', 'each'] },
    challenge: { type: 'string' },
    possession: { type: 'object', additionalProperties: true },
  },
} as const

const entrance = {
  nullifier: decimal,
  revealed: { type: 'object', additionalProperties: { type: 'string' } },
  handle: decimal,
} as const

/** Replies to a proof. */
export const PROOF_REPLIES = {
  200: {
    description:
      'The proof holds; repeated: the same claim was stored before, verified: this gate stores none',
    type: 'object',
    required: ['outcome', 'nullifier', 'revealed'],
    properties: {
      outcome: { type: 'string', enum: ['repeated', 'verified'] },
      claim: claimIdSchema,
      ...entrance,
    },
  },
  201: {
    description: 'The proof holds, and its nullifier is spent for this claim now',
    type: 'object',
    required: ['outcome', 'claim', 'nullifier', 'revealed'],
    properties: { outcome: { type: 'string', const: 'first' }, claim: claimIdSchema, ...entrance },
  },
  401: failure('The challenge is not one of this gate, or over, or used'),
  403: failure('The proof is refused'),
  404: failure('No such gate'),
  409: failure('The nullifier is spent for another claim'),
} as const

/** A claim that was stored. */
export const CLAIM = {
  description: 'The claim',
  type: 'object',
  required: ['claim', 'scope', 'nullifier', 'message', 'at'],
  properties: { claim: claimIdSchema, scope: decimal, nullifier: decimal, message: decimal, at: decimal },
} as const

/** No such gate or claim. */
export const UNKNOWN = { 404: failure('There is none') } as const

/** Health of the process. */
export const HEALTH = {
  type: 'object',
  required: ['status'],
  properties: { status: { type: 'string', enum: ['ok', 'stopping', 'unavailable'] } },
} as const
