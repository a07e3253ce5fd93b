/** SBTs: issuer-attested claims bound to one Soul. Schemas, issuers, issuing, verifying, and their JSON. */
export {
  createIssuer,
  type Issuer,
  type IssuerId,
  type IssuerParts,
  parseIssuerId,
  type Signature,
} from './issuer.js'
export {
  type ClaimJson,
  type HeldSbtJson,
  heldSbtFromJson,
  heldSbtToJson,
  type IssuerJson,
  type IssuerRootsJson,
  issuerFromJson,
  issuerRootsFromJson,
  issuerRootsToJson,
  issuerToJson,
  type SbtJson,
  type SchemaJson,
  type SignatureJson,
  sbtFromJson,
  sbtToJson,
  schemaFromJson,
  schemaToJson,
} from './json.js'
export { type Anchor, type HeldSbt, issueSbt, type Sbt } from './sbt.js'
export { type ClaimType, type ClaimValue, defineSchema, type Schema } from './schema.js'
export { type IssuerRoots, verifySbt } from './verify.js'
